"""``make bench PART=objects``: LFS objects and release assets, each fetched and stored once.

Measures the bytes that a bucket gets, memory for one file of 2 GB, and, to a folder, the time
against ``git clone --mirror`` followed by ``git lfs fetch --all``. Writes ``results/objects.md``.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.bench.corpus import OWNER, TOKEN
from tools.bench.environments import ROOT, describe_machine, programs, python
from tools.bench.measure import Sample, exit_on_sigterm, measure
from tools.bench.objects.account import ASSET, LARGE, OLD_ASSET, SHARED, make_account
from tools.bench.standins import servers

RESULTS = Path(__file__).parents[1] / "results" / "objects.md"
BUCKET = "benchmark"


@dataclass(frozen=True)
class Measured:
    """One command, and the bytes that S3 got and sent."""

    name: str
    sample: Sample
    s3_bytes: int

    @property
    def row(self) -> str:
        """The line of the table."""
        sample = self.sample
        return (
            f"| {self.name} | {self.s3_bytes / 1e6:.2f} "
            f"| {sample.wall_seconds:.1f} | {sample.cpu_seconds:.1f} | {sample.memory_mb:.0f} "
            f"| {sample.exit_code} |"
        )


@dataclass(frozen=True)
class Bench:
    """The servers, and where what is measured runs."""

    up: servers.Servers
    work: Path

    def run(self, name: str, command: list[str]) -> Measured:
        """Measure a command."""
        environment = {
            **self.up.environment(),
            "HOME": str(self.work),
            "TMPDIR": str(self.work),
            "PYTHONPATH": str(ROOT / "instance_scripts"),
            "GITHUB_TOKEN": TOKEN,
            "GIT_TERMINAL_PROMPT": "0",
        }
        before = self.up.counted()
        sample = measure(command, environment, self.work / "log")
        if sample.exit_code:
            print((self.work / "log").read_text()[-2000:], file=sys.stderr)
        measured = Measured(name, sample, self.up.counted().since(before).s3_bytes)
        print(measured.row, flush=True)
        return measured

    def backup(self, name: str, number: int, to: str, *arguments: str) -> Measured:
        """Measure a run of this program."""
        fixed = ["--owner", OWNER, "--destination", to, "--run-id", f"r{number:03}", "--no-drill"]
        return self.run(name, [str(python()), "-m", "repo_backup", "backup", *fixed, *arguments])

    def git_lfs(self, name: str, repository: str) -> Measured:
        """Measure git and Git LFS on one repository."""
        host = self.up.api_url.removeprefix("https://")
        url = f"https://{TOKEN}:x@{host}/{OWNER}/{repository}.git"
        mirror = self.work / f"{repository}.git"
        script = 'git clone --quiet --mirror "$1" "$2" && git -C "$2" lfs fetch --all'
        return self.run(name, ["bash", "-c", script, "git-lfs", url, str(mirror)])


def main() -> int:
    """Measure; 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="make bench PART=objects", description=__doc__)
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=500_000, help="of each object")
    options = parser.parse_args()
    exit_on_sigterm()
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        unique = make_account(work / "hub", options.objects, options.bytes)
        with servers.running(work / "hub", work / "servers", 0) as up:
            client = up.s3_client()
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="warm", Body=b"up")
            bench = Bench(up, work)
            shared = [*_shared(bench)]
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
            stored = sum(each["Size"] for page in pages for each in page.get("Contents", ()))
            measured = [*shared, *_others(bench)]
    _write(measured, unique, stored, options.objects)
    return int(any(each.sample.exit_code for each in measured))


def _shared(bench: Bench) -> Iterator[Measured]:
    shared = ("--include", "shared-*", "--lfs", "--no-data")
    for number, what in ((1, "first"), (2, "unchanged")):
        yield bench.backup(f"three repositories, {what}", number, f"s3://{BUCKET}", *shared)


def _others(bench: Bench) -> Iterator[Measured]:
    bucket, folder = f"s3://{BUCKET}", str(bench.work / "mirrors")
    yield bench.backup("one LFS object of 2 GB", 3, bucket, "--only", LARGE, "--lfs", "--no-data")
    yield bench.backup("one asset of 2 GB", 4, bucket, "--only", ASSET, "--kinds", "data")
    undigested = ("--only", OLD_ASSET, "--kinds", "data")
    yield bench.backup("one asset of 2 GB, without a digest", 5, bucket, *undigested)
    for number, repository, what in ((1, SHARED[0], "one of the three"), (2, LARGE, "2 GB")):
        only = ("--only", repository, "--lfs", "--no-data")
        yield bench.backup(f"to a folder: {what}", number, folder, *only)
        yield bench.git_lfs(f"git clone and git lfs fetch: {what}", repository)
        shutil.rmtree(folder)


def _write(measured: list[Measured], unique: int, stored: int, count: int) -> None:
    first, again, *_, one, one_by_git, large, large_by_git = measured
    share = first.s3_bytes / unique
    lines = [
        "# Large files\n",
        f"{describe_machine()}; load {os.getloadavg()[1]:.0f}. Three repositories share {count} "
        f"LFS objects of {unique / 1e6:.0f} MB together. MB are on the line, both ways. Made by "
        "`make bench PART=objects`; do not edit.\n",
        "| | S3 MB | wall s | CPU s | peak MB | rc |",
        "|---" * 6 + "|",
        *(each.row for each in measured),
        f"\nAfter both runs the bucket has {stored / unique:.4f} × the bytes of the objects, "
        f"archives and documents included. The first run exchanged {share:.3f} × as many with S3, "
        f"and the unchanged one {again.s3_bytes / 1e3:.0f} kB.",
        _ratio("Many objects", one, one_by_git),
        _ratio("One of 2 GB", large, large_by_git),
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.write_text(text)
    print(text)


def _ratio(what: str, ours: Measured, by_git: Measured) -> str:
    wall = ours.sample.wall_seconds / by_git.sample.wall_seconds
    cpu = ours.sample.cpu_seconds / by_git.sample.cpu_seconds
    return f"{what}: {wall:.2f} × the time of git and Git LFS, {cpu:.2f} × its processor time."


if __name__ == "__main__":
    sys.exit(main())
