"""``python -m tools.bench.data``: issues and pull requests, read first and when nothing changed.

python-github-backup reads one repository of as many to its end; what it would take for all is that
many times as much. Both write to a folder. Writes ``results/data.md``.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import commit_files, init_repository
from tools.bench.corpus import OWNER, TOKEN
from tools.bench.environments import describe_machine, programs, python
from tools.bench.measure import Sample, measure
from tools.bench.standins import servers

RESULTS = Path(__file__).parent / "results"
_RIVAL = (
    *("--issues", "--issue-comments", "--issue-events", "--pulls", "--pull-comments"),
    *("--pull-reviews", "--labels", "--milestones", "--releases", "--hooks"),
)
_NOTED_SECONDS = 0.5
_FILLED_SECONDS = 300


@dataclass(frozen=True)
class Measured:
    """What a run took, and how many times as much all repositories would."""

    name: str
    sample: Sample
    requests: int
    times: int = 1

    @property
    def row(self) -> str:
        """The line of the table."""
        sample, times = self.sample, self.times
        estimated = "≈ " if times > 1 else ""
        return (
            f"| {self.name} | {estimated}{self.requests * times:,} "
            f"| {estimated}{sample.wall_seconds * times:,.1f} "
            f"| {estimated}{sample.cpu_seconds * times:,.1f} | {sample.memory_mb:.0f} "
            f"| {sample.exit_code} |"
        )


@dataclass(frozen=True)
class Github:
    """The stand-in behind the latency: ``work`` has its notes."""

    address: str
    certificate: Path
    work: Path

    @property
    def requests(self) -> int:
        """How many it has served by now."""
        time.sleep(_NOTED_SECONDS)
        noted: dict[str, int] = json.loads((self.work / "counts.json").read_text())
        return noted["requests"]

    def run(self, name: str, command: list[str], times: int = 1) -> Measured:
        """Measure a command."""
        environment = {
            "PATH": f"{programs()}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.work),
            "PYTHONPATH": str(servers.ROOT / "instance_scripts"),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": f"https://{self.address}",
            "SSL_CERT_FILE": str(self.certificate),
            "REQUESTS_CA_BUNDLE": str(self.certificate),
        }
        before = self.requests
        sample = measure(command, environment, self.work / "log")
        return Measured(name, sample, self.requests - before, times)


def main() -> int:
    """Measure; 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.data", description=__doc__)
    parser.add_argument("--repositories", type=int, default=100)
    parser.add_argument("--issues", type=int, default=10_000, help="of all together")
    parser.add_argument("--pulls", type=int, default=10_000, help="of all together")
    parser.add_argument("--latency", type=float, default=30, help="milliseconds a round trip")
    options = parser.parse_args()
    count = options.repositories
    each = options.issues // count, options.pulls // count
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        with _github(_account(work / "hub", count), work, each, options.latency) as github:
            measured = [*_ours(github), _rival(github, count)]
    first, again, rival = measured
    fewer = rival.requests * rival.times / max(first.requests, 1)
    faster = rival.sample.wall_seconds * rival.times / first.sample.wall_seconds
    lines = [
        "# Project data\n",
        f"{count} repositories with {options.issues:,} issues and {options.pulls:,} pull requests "
        f"together, {options.latency:g} ms a round trip. {describe_machine()}. Made by "
        "`python -m tools.bench.data`; do not edit. Figures with ≈ are those of one repository, "
        f"read to its end, × {count}.\n",
        "| run | requests | wall s | CPU s | peak MB | rc |",
        "|---" * 6 + "|",
        *(each.row for each in measured),
        f"\nThe first run made 1/{fewer:.0f} of the requests in 1/{faster:.1f} of the time; the "
        f"second one made {again.requests}.",
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.joinpath("data.md").write_text(text)
    print(text)
    return int(any(each.sample.exit_code for each in measured))


def _ours(github: Github) -> Iterator[Measured]:
    """This program's first run, and another one when nothing has changed."""
    to = ["--owner", OWNER, "--destination", str(github.work / "ours"), "--kinds", "data"]
    for number, name in ((1, "repo_backup, first"), (2, "repo_backup, unchanged")):
        command = [str(python()), "-m", "repo_backup", "backup", *to, "--run-id", f"r{number}"]
        yield github.run(name, command)


def _rival(github: Github, count: int) -> Measured:
    place = ["--github-host", github.address, "-o", str(github.work / "rival"), "--token", TOKEN]
    command = [str(programs() / "github-backup"), OWNER, *place, *_RIVAL]
    command += ["--repository", "project-0"]
    return github.run("python-github-backup 0.65.1, first", command, count)


@contextlib.contextmanager
def _github(root: Path, work: Path, each: tuple[int, int], latency_ms: float) -> Iterator[Github]:
    certificate = servers.make_certificate(work)
    target, port = servers.free_ports(2)
    modules = ("tools.bench.standins.data_hub", "tools.bench.standins.relay")
    hub = [str(root), str(work), str(target), *map(str, each)]
    relay = [str(port), str(target), str(latency_ms), str(work / "github.json")]
    with servers.process([sys.executable, "-m", modules[0], *hub]):
        _wait_for(work / "counts.json")
        with servers.process([sys.executable, "-m", modules[1], *relay]):
            servers.wait_for_port(port)
            yield Github(f"127.0.0.1:{port}", certificate, work)


def _wait_for(noted: Path) -> None:
    """Until the stand-in has made its data. Raises TimeoutError."""
    deadline = time.monotonic() + _FILLED_SECONDS
    while not noted.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the stand-in does not come up")
        time.sleep(_NOTED_SECONDS)


def _account(root: Path, count: int) -> Path:
    """An account of repositories that share one small git repository."""
    shared = init_repository(root / "shared.git")
    commit_files(shared, {"README.md": "hello\n"})
    (root / OWNER).mkdir()
    catalogue = Catalogue(tokens={TOKEN: OWNER})
    for number in range(count):
        catalogue.add(Repository(number + 1, OWNER, f"project-{number}", size_kib=10))
        (root / OWNER / f"project-{number}.git").symlink_to(shared)
    catalogue.save(root)
    return root


if __name__ == "__main__":
    raise SystemExit(main())
