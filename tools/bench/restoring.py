"""``make bench PART=restoring``: many repositories to a folder, against unzip and git fsck.

Backs a generated account up to a folder, then restores all of it with as many jobs as there are
processors, in turn with ``unzip`` and ``git fsck`` of the same archives by ``xargs -P``. A second
restore finds everything in its place. Writes ``results/restoring.md``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local_cloud.github import GitHubStandIn
from tools.bench import corpus
from tools.bench.environments import CACHE, ROOT, describe_machine, python
from tools.bench.measure import Sample, exit_on_sigterm, measure

RESULTS = Path(__file__).parent / "results"
_BY_HAND = """
cd "$1" && find "$2" -name '*.zip' -print0 | xargs -0 -P "$3" -I{} sh -c '
  d=$(mktemp -d "$PWD/XXXXXXXX") && unzip -q "{}" -d "$d" &&
  git -C "$d"/*.git fsck --full --no-dangling --no-progress >/dev/null 2>&1'
"""


def main() -> int:
    """Measure; 1 when a restore failed."""
    parser = argparse.ArgumentParser(prog="make bench PART=restoring", description=__doc__)
    parser.add_argument("--repositories", type=int, default=1000)
    options = parser.parse_args()
    exit_on_sigterm()
    jobs = os.cpu_count() or 1
    account = corpus.generate(CACHE / f"account-{options.repositories}", options.repositories)
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "instance_scripts"),
            "GITHUB_TOKEN": corpus.TOKEN,
            "TMPDIR": name,
        }
        mirrors, log = work / "mirrors", work / "log"
        with GitHubStandIn(account) as hub:
            environment["GITHUB_API_URL"] = hub.api_url
            place = ["--owner", corpus.OWNER, "--destination", str(mirrors)]
            backup = [*_program(), "backup", *place, "--no-data", "--no-drill"]
            subprocess.run(backup, env=environment, check=True, capture_output=True)
        archives = mirrors / "github_backups"
        restore = [*_program(), "restore", "--all", "--source", str(mirrors)]
        restore += ["--into", str(work / "restored"), "--jobs", str(jobs)]
        by_hand = ["bash", "-c", _BY_HAND, "by-hand", str(work / "by-hand"), str(archives)]
        (work / "by-hand").mkdir()
        samples = {
            "unzip and git fsck": measure([*by_hand, str(jobs)], environment, log),
            "restore --all": measure(restore, environment, log),
            "the same once more: all is there": measure(restore, environment, log),
        }
        count = sum(1 for _ in archives.rglob("*.zip"))
        written = sum(1 for _ in (work / "restored").rglob("HEAD"))
        total = sum(each.stat().st_size for each in archives.rglob("*.zip"))
        if written != count:
            shutil.copyfileobj(log.open(), sys.stderr)
    _write(samples, options.repositories, count, total, jobs)
    return int(written != count or any(each.exit_code for each in samples.values()))


def _write(samples: dict[str, Sample], repositories: int, count: int, size: int, jobs: int) -> None:
    first = next(iter(samples.values()))
    lines = [
        "# Many repositories restored to a folder\n",
        f"{describe_machine()}; load {os.getloadavg()[1]:.0f}. {repositories} repositories, "
        f"{count} archives of {size / 1e6:.0f} MB in all, {jobs} jobs. Made by `python -m "
        "tools.bench.restoring`; do not edit.\n",
        "| | wall s | of the first | CPU s | of the first | peak MB | rc |",
        "|---" * 7 + "|",
    ]
    lines += [
        f"| {name} | {each.wall_seconds:.1f} | {each.wall_seconds / first.wall_seconds:.2f} × "
        f"| {each.cpu_seconds:.1f} | {each.cpu_seconds / first.cpu_seconds:.2f} × "
        f"| {each.memory_mb:.0f} | {each.exit_code} |"
        for name, each in samples.items()
    ]
    print("\n".join(lines[2:]))
    RESULTS.joinpath("restoring.md").write_text("\n".join(lines) + "\n")


def _program() -> list[str]:
    return [str(python()), "-m", "repo_backup"]


if __name__ == "__main__":
    sys.exit(main())
