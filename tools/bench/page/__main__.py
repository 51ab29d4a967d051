"""``make bench-page``: the page about 10,000 repositories and three years of weekly runs.

The made-up runs lie in a real S3 server behind 30 ms a round trip; the program reads them from
there, and the machine's own Chromium opens what it wrote.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bench.environments import describe_machine, programs
from tools.bench.measure import Sample, exit_on_sigterm, measure
from tools.bench.page.browser import Seen, look
from tools.bench.page.history import History
from tools.bench.standins import servers

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "tools/bench/results/page.md"
BUCKET = "benchmark-page"
_UPLOADS_AT_ONCE = 8
_ARCHIVE_BYTES = 50


def main() -> int:
    """Measure, print, and write ``tools/bench/results/page.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=156)
    parser.add_argument("--latency-ms", type=float, default=30)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    exit_on_sigterm()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("there is no chromium on PATH")
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        (work / "account").mkdir()
        with servers.running(work / "account", work / "servers", options.latency_ms) as up:
            history = History(
                options.repositories, options.runs, "partial", archive_bytes=_ARCHIVE_BYTES
            )
            _fill(up, history)
            page = work / "page"
            command = [sys.executable, "-m", "repo_backup", "report"]
            command += ["--source", f"s3://{BUCKET}", "--out", str(page)]
            environment = {**up.environment(), "PYTHONPATH": os.environ["PYTHONPATH"]}
            before = up.counted()
            sample = measure(command, environment, work / "log")
            passed = up.counted().since(before)
        print((work / "log").read_text())
        if sample.exit_code:
            return sample.exit_code
        index = page / "index.html"
        seen = look(index.as_uri(), chromium)
        text = _text(options, sample, passed, index, seen, chromium)
    options.results.write_text(text)
    print(text)
    return 0


def _fill(up: servers.Servers, history: History) -> None:
    """Upload a history."""
    client = up.s3_client()
    client.create_bucket(Bucket=BUCKET)
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        for key, data in history.documents():
            client.put_object(Bucket=BUCKET, Key=key, Body=data)
        archives = history.archives().items()
        list(
            pool.map(
                lambda a: client.put_object(Bucket=BUCKET, Key=a[0], Body=b"x" * a[1]), archives
            )
        )


def _text(
    options: argparse.Namespace,
    sample: Sample,
    passed: servers.Traffic,
    index: Path,
    seen: list[Seen],
    chromium: str,
) -> str:
    version = subprocess.run([chromium, "--version"], capture_output=True, text=True).stdout.strip()
    lines = [
        "# The page, measured",
        "",
        f"{describe_machine()}, {version}, load {os.getloadavg()[1]:.0f} meanwhile. "
        "Made by `make bench-page`; do not edit.",
        "",
        f"{options.repositories:,} repositories, {options.runs} weekly runs, made up, in a real S3 "
        f"server behind {options.latency_ms:.0f} ms a round trip.",
        "",
        "| `repo_backup report` | |",
        "|---|---|",
        f"| wall | {sample.wall_seconds:.0f} s |",
        f"| CPU | {sample.cpu_seconds:.0f} s |",
        f"| peak memory | {sample.memory_mb:.0f} MB |",
        f"| requests to S3 | {passed.s3_requests} |",
        f"| bytes to and from S3 | {passed.s3_bytes / 1e6:.0f} MB |",
        f"| the page | {index.stat().st_size / 1e6:.2f} MB, one file |",
        "",
        "| in Chromium | " + " | ".join(each.view for each in seen) + " |",
        "|---|" + "---|" * len(seen),
    ]
    rows = (
        ("first paint", "painted_ms", "ms"),
        ("ready: table filled, search answers", "ready_ms", "ms"),
        ("a key stroke in the search until its result is painted, median", "search_ms", "ms"),
        ("the slowest of them", "slowest_search_ms", "ms"),
        ("another order, median", "order_ms", "ms"),
        ("JavaScript's heap", "heap_mb", "MB"),
        ("the renderer's resident memory", "renderer_mb", "MB"),
        ("elements", "elements", ""),
    )
    for title, name, unit in rows:
        values = " | ".join(f"{getattr(each, name):,.0f} {unit}".strip() for each in seen)
        lines.append(f"| {title} | {values} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
