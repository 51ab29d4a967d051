"""``make bench``: everybody in turn, in one go, over the same account; results in ``results/``.

BENCH_OPTIONS="--repositories 30 --latency 0 --repeat 1" is a quick look.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tools.bench import contenders, corpus, report
from tools.bench.environments import CACHE, describe_machine, programs
from tools.bench.measure import exit_on_sigterm, measure
from tools.bench.standins import servers

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
CHANGED = 0.03
_LARGE = (300_000_000, 500_000_000)


def main() -> int:
    """Measure what the options ask for; 1 when a contender of ours failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--repositories", type=int, nargs="+", default=[100])
    parser.add_argument("--latency", type=float, nargs="+", default=[30], metavar="MS")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--no-rivals", action="store_true", help="only this program and the limit")
    parser.add_argument("--rivals-once", action="store_true", help="rivals in the first round only")
    parser.add_argument("--large", action="store_true", help="add a 300 MB and a 500 MB repository")
    parser.add_argument("--one-core", action="store_true", help="pin contenders to one processor")
    parser.add_argument("--no-drill", action="store_true", help="measure it without the drill, too")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the tables go")
    options = parser.parse_args()
    exit_on_sigterm()
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    chosen = [contenders.LIMIT, contenders.OURS]
    chosen += [contenders.UNDRILLED] if options.no_drill else []
    chosen += [] if options.no_rivals else [contenders.SEED, contenders.RIVAL]
    figures: list[report.Figure] = []
    for count in options.repositories:
        large = _LARGE if options.large else ()
        name = f"{count}{'-large' if large else ''}"
        account = corpus.generate(CACHE / "corpus" / name, count, large)
        for latency in options.latency:
            setting = f"{name} repositories, {latency:.0f} ms a round trip"
            setting += ", one core" if options.one_core else ""
            for figure in _setting(setting, account, latency, chosen, options):
                figures.append(figure)
                print(
                    f"{figure.setting}: {figure.contender}, {figure.step}: "
                    f"{figure.wall_seconds:.2f} s, CPU {figure.cpu_seconds:.2f} s, "
                    f"{figure.memory_mb:.0f} MB, GitHub {figure.github_requests} requests "
                    f"{figure.github_bytes / 1e6:.1f} MB, S3 {figure.s3_requests} requests "
                    f"{figure.s3_bytes / 1e6:.1f} MB, "
                    f"rc {figure.exit_code}",
                    flush=True,
                )
    _write(figures, options.results)
    return int(any(f.exit_code for f in figures if f.contender == contenders.OURS.name))


def _setting(
    setting: str,
    account: Path,
    latency_ms: float,
    chosen: list[contenders.Contender],
    options: argparse.Namespace,
) -> Iterator[report.Figure]:
    """Every contender's three steps, as often as asked for, in turn.

    A round before the first is not measured: in it git makes the answers that are kept.
    """
    pinned = ["taskset", "--cpu-list", "0"] if options.one_core else []
    for number in range(-1, options.repeat):
        if number > 0 and options.rivals_once:
            chosen = [each for each in chosen if each not in contenders.RIVALS]
        with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
            work = Path(name)
            copy = work / "account"
            # Nothing writes into existing files, so that links are as good as copies.
            shutil.copytree(account, copy, copy_function=os.link)
            with servers.running(copy, work / "servers", latency_ms) as up:
                client = up.s3_client()
                client.create_bucket(Bucket=contenders.BUCKET)
                # The server makes its volumes at the first write: nobody shall pay for that.
                client.put_object(Bucket=contenders.BUCKET, Key="warm", Body=b"up")
                environment = {
                    **up.environment(),
                    "PYTHONPATH": f"{ROOT / 'instance_scripts'}{os.pathsep}{ROOT}",
                    "TMPDIR": name,
                }
                place = contenders.Place(up, work, programs())
                for index, step in enumerate(report.STEPS):
                    if step == report.STEPS[-1]:
                        corpus.change(copy, CHANGED, "change")
                    for contender in chosen:
                        if contender in contenders.MARKING and number >= 0:
                            _await_a_new_minute()
                        before = up.counted()
                        sample = measure(
                            [*pinned, *contender.command(place, index)], environment, work / "log"
                        )
                        if sample.exit_code:
                            print((work / "log").read_text()[-2000:], file=sys.stderr)
                        if number < 0:
                            continue
                        yield report.Figure(
                            setting,
                            contender.name,
                            step,
                            **asdict(sample),
                            **asdict(up.counted().since(before)),
                        )


def _await_a_new_minute() -> None:
    """A date marker is named by its minute, and would have to look for a free one otherwise."""
    time.sleep(61 - time.time() % 60)


def _write(figures: list[report.Figure], results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    machine = describe_machine()
    document = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    (results / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    text = f"# Measured\n\n{machine}. Made by `make bench`; do not edit.\n\n"
    text += report.table(figures, contenders.LIMIT.name)
    for number, setting in enumerate(dict.fromkeys(f.setting for f in figures)):
        (results / f"wall-{number}.svg").write_text(report.picture(figures, setting))
        text += f"\n![{setting}](wall-{number}.svg)\n"
    (results / "README.md").write_text(text)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
