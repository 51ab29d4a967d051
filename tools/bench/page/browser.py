"""What a page costs in the machine's own Chromium."""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VIEW = {"desktop": (1280, 900, 1), "phone, four times slower": (390, 844, 4)}
_SEARCHES = ("a", "at", "atl", "atlas", "atlas-c", "atlas-cli", "", "fjord 77", "no such thing", "")
_ORDERS = ("name", "-bytes", "lastGood", "readBack", "-status", "status")
_TIMED = """async ([id, kind, values]) => {
  const field = document.getElementById(id), taken = [];
  for (const value of values) {
    const started = performance.now();
    field.value = value;
    field.dispatchEvent(new Event(kind));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    taken.push(performance.now() - started);
  }
  return taken;
}"""


@dataclass(frozen=True)
class Seen:
    """One way of looking: milliseconds from the start of loading, and of a key stroke until its
    result is painted; megabytes of JavaScript's heap and of the renderer; elements."""

    view: str
    painted_ms: float
    ready_ms: float
    search_ms: float
    slowest_search_ms: float
    order_ms: float
    heap_mb: float
    renderer_mb: float
    elements: int


def look(address: str, chromium: str) -> list[Seen]:
    """Open a page as a desktop and as a phone show it."""
    from playwright.sync_api import sync_playwright

    seen = []
    with sync_playwright() as playwright:
        for view, (wide, high, slower) in _VIEW.items():
            browser = playwright.chromium.launch(executable_path=chromium)
            page = browser.new_page(viewport={"width": wide, "height": high})
            tools = page.context.new_cdp_session(page)
            tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            page.goto(address)
            seen.append(_figures(view, page, tools, browser))
            browser.close()
    return seen


def _figures(view: str, page: Any, tools: Any, browser: Any) -> Seen:
    ready = page.evaluate("performance.getEntriesByName('ready')[0].startTime")
    searches = page.evaluate(_TIMED, ["query", "input", _SEARCHES])
    orders = page.evaluate(_TIMED, ["order", "change", _ORDERS])
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    tools.send("HeapProfiler.collectGarbage")
    tools.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [_resident_mb(p["id"]) for p in processes if p["type"] == "renderer"]
    return Seen(
        view,
        painted,
        ready,
        statistics.median(searches),
        max(searches),
        statistics.median(orders),
        metrics["JSHeapUsedSize"] / 1e6,
        max(renderers),
        page.evaluate("document.querySelectorAll('*').length"),
    )


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000
