"""``make bench PART=scale``: how time and memory grow with the number of repositories.

Every repository is a link to the same one of 3 kB, a twentieth later to one with a branch more.
Writes ``results/scale.md``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from tools.bench import contenders, corpus
from tools.bench.environments import ROOT, describe_machine, programs, python
from tools.bench.measure import exit_on_sigterm, measure
from tools.bench.standins import servers
from tools.bench.standins.servers import Servers

RESULTS = Path(__file__).parent / "results"
CHANGED_EACH = 20
STEPS = {"first run": 1, "nothing changed": 0, f"{100 // CHANGED_EACH} % changed": CHANGED_EACH}
"""Of every so many repositories one is fetched; 0: none."""


def main() -> int:
    """Measure each size; 1 when a run failed or a sample does not restore."""
    parser = argparse.ArgumentParser(prog="make bench PART=scale", description=__doc__)
    parser.add_argument("--repositories", type=int, nargs="+", default=[1000, 5000, 10_000])
    options = parser.parse_args()
    exit_on_sigterm()
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    lines = [
        "# Up to ten thousand repositories\n",
        f"{describe_machine()}, load {os.getloadavg()[0]:.1f} before. Repositories of 3 kB; every "
        f"{CHANGED_EACH}th is fetched in the last step. Without project data and without the "
        "restore drill. Made by `make bench PART=scale`; do not edit.\n",
        "| repositories | step | wall s | ms each | CPU s | ms each | peak MB | GitHub requests "
        "| S3 requests | manifest MB | rc |",
        "|---" * 11 + "|",
    ]
    codes = []
    for count in options.repositories:
        for line, code in _measured(count):
            codes.append(code)
            lines.append(line)
            print(line, flush=True)
    RESULTS.joinpath("scale.md").write_text("\n".join(lines) + "\n")
    return int(any(codes))


def _measured(count: int) -> list[tuple[str, int]]:
    found = []
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        one = init_repository(work / "one.git")
        commit_files(one, {"README.md": "# One\n", "noise": os.urandom(3000)})
        changed = work / "changed.git"
        shutil.copytree(one, changed)
        git(changed, "update-ref", "refs/heads/changed", "refs/heads/main")
        account = _account(work / "account", count, one)
        with servers.running(account, work / "servers", 0) as up:
            client = up.s3_client()
            client.create_bucket(Bucket=contenders.BUCKET)
            environment = {
                **up.environment(),
                "PYTHONPATH": str(ROOT / "instance_scripts"),
                "TMPDIR": name,
            }
            for step, each in STEPS.items():
                for number in range(0, count, each) if each > 1 else ():
                    _link(account, number, changed)
                found.append(_step(count, step, each, environment, work, up))
            sample_of = ["restore", "octo/project-0", "--into", str(work / "out")]
            restore = [*_program(), *sample_of, "--source", f"s3://{contenders.BUCKET}"]
            subprocess.run(restore, env=environment, check=True, capture_output=True)
    return found


def _account(root: Path, count: int, repository: Path) -> Path:
    """An account whose repositories are all links to this one."""
    (root / corpus.OWNER).mkdir(parents=True)
    catalogue = Catalogue()
    for number in range(count):
        catalogue.add(Repository(number + 1, corpus.OWNER, f"project-{number}", size_kib=10))
        _link(root, number, repository)
    catalogue.save(root)
    return root


def _link(root: Path, number: int, repository: Path) -> None:
    link = root / corpus.OWNER / f"project-{number}.git"
    link.unlink(missing_ok=True)
    link.symlink_to(repository)


def _program() -> list[str]:
    return [str(python()), "-m", "repo_backup"]


def _command(*options: str) -> list[str]:
    place = ["--owner", "octo", "--destination", f"s3://{contenders.BUCKET}"]
    return [*_program(), "backup", *place, *options]


def _step(
    count: int, step: str, each: int, environment: Mapping[str, str], work: Path, up: Servers
) -> tuple[str, int]:
    """One run, as a line of the table, and its exit code; 1 where it found what did not change."""
    client, run_id = up.s3_client(), f"r{each}"
    before = up.counted()
    command = _command("--run-id", run_id, "--no-drill")
    sample = measure(command, environment, work / "log")
    passed = up.counted().since(before)
    key = f"runs/{run_id}/manifest.json"
    manifest = client.get_object(Bucket=contenders.BUCKET, Key=key)["Body"].read()
    totals = json.loads(manifest)["totals"]
    changed = -(-count // each) if each else 0
    right = (totals["backed-up"], totals["unchanged"]) == (changed, count - changed)
    code = sample.exit_code or int(not right)
    if code:
        print((work / "log").read_text()[-2000:], file=sys.stderr)
    line = (
        f"| {count} | {step} | {sample.wall_seconds:.2f} "
        f"| {sample.wall_seconds / count * 1000:.2f} "
        f"| {sample.cpu_seconds:.2f} | {sample.cpu_seconds / count * 1000:.2f} "
        f"| {sample.memory_mb:.0f} | {passed.github_requests} "
        f"| {passed.s3_requests} | {len(manifest) / 1e6:.1f} | {code} |"
    )
    return line, code


if __name__ == "__main__":
    sys.exit(main())
