"""``python -m tools.bench.scale``: how time and memory grow with the number of repositories.

Every repository is a link to the same one, a twentieth later to one with a branch more.
The archives of an earlier run, and its manifest, are put into the bucket first. Writes
``results/scale.md``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from tools.bench import contenders, corpus
from tools.bench.environments import ROOT, describe_machine, programs, python
from tools.bench.measure import measure
from tools.bench.standins import servers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RESULTS = Path(__file__).parent / "results"
CHANGED_EACH = 20
_SEED = "2026-01-01T00-00-00Z"


def main() -> int:
    """Measure each size; 1 when a run failed or a sample does not restore."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.scale", description=__doc__)
    parser.add_argument("--repositories", type=int, nargs="+", default=[1000, 3000, 10_000])
    options = parser.parse_args()
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    lines = [
        "# Up to ten thousand repositories\n",
        f"{describe_machine()}. Every {CHANGED_EACH}th repository is fetched in the second step. "
        "Made by `python -m tools.bench.scale`; do not edit.\n",
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
            first = _command("--run-id", _SEED, "--only", "project-0")
            subprocess.run(first, env=environment, check=True, capture_output=True)
            _seed(client, count)
            for step, each in (("nothing changed", 0), ("5 % changed", CHANGED_EACH)):
                for number in range(0, count if each else 0, each or 1):
                    _link(account, number, changed)
                before = up.counted()
                command = _command("--run-id", f"r{each}", "--no-drill")
                sample = measure(command, environment, work / "log")
                passed = up.counted().since(before)
                code = sample.exit_code or _wrong(client, count, each)
                if code:
                    print((work / "log").read_text()[-2000:], file=sys.stderr)
                manifest = client.head_object(
                    Bucket=contenders.BUCKET, Key=f"runs/r{each}/manifest.json"
                )["ContentLength"]
                found.append(
                    (
                        f"| {count} | {step} | {sample.wall_seconds:.2f} "
                        f"| {sample.wall_seconds / count * 1000:.2f} "
                        f"| {sample.cpu_seconds:.2f} | {sample.cpu_seconds / count * 1000:.2f} "
                        f"| {sample.memory_mb:.0f} | {passed.github_requests} "
                        f"| {passed.s3_requests} | {manifest / 1e6:.1f} | {code} |",
                        code,
                    )
                )
            sample_of = ["restore", f"octo/project-{CHANGED_EACH}", "--into", str(work / "out")]
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


def _seed(client: "S3Client", count: int) -> None:
    """Every repository's archive, and a manifest that names them: as an earlier run left them."""
    bucket, key = contenders.BUCKET, f"runs/{_SEED}/manifest.json"
    manifest = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    (pattern,) = (e for e in manifest["repositories"] if e["archive"])
    data = client.get_object(Bucket=bucket, Key=pattern["archive"]["key"])["Body"].read()

    def put(number: int) -> dict[str, object]:
        name = f"project-{number}"
        archive = {**pattern["archive"], "key": f"github_backups/octo/{name}.zip"}
        client.put_object(Bucket=bucket, Key=archive["key"], Body=data)
        return {**pattern, "id": number + 1, "name": name, "archive": archive}

    with ThreadPoolExecutor(10) as workers:
        manifest["repositories"] = list(workers.map(put, range(count)))
    client.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())


def _wrong(client: "S3Client", count: int, each: int) -> int:
    """1 unless the run found exactly what changed."""
    key = f"runs/r{each}/manifest.json"
    body = client.get_object(Bucket=contenders.BUCKET, Key=key)["Body"].read()
    totals = json.loads(body)["totals"]
    changed = -(-count // each) if each else 0
    return int((totals["backed-up"], totals["unchanged"]) != (changed, count - changed))


if __name__ == "__main__":
    sys.exit(main())
