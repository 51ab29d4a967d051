"""``make bench PART=data``: issues and pull requests, read first and when nothing changed.

python-github-backup reads one repository of as many to its end; what it would take for all is that
many times as much. It is asked twice: for what its users ask for, and for all that it has of what
this program reads. Both write to a folder, without the files of releases. Writes
``results/data.md``; with ``--large``, one repository and no rival, ``results/data-large.md``.
"""

import argparse
import contextlib
import json
import re
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
from tools.bench.measure import Sample, exit_on_sigterm, measure
from tools.bench.standins import servers

RESULTS = Path(__file__).parent / "results"
_RIVAL = "python-github-backup 0.65.1"
_USUAL = (
    *("--issues", "--issue-comments", "--issue-events", "--pulls", "--pull-comments"),
    *("--pull-reviews", "--labels", "--milestones", "--releases", "--hooks"),
)
_AS_OURS = ("--issue-timeline", "--pull-details", "--discussions", "--security-advisories")
"""What this program reads, too."""
_NOTED_SECONDS = 0.5
_FILLED_SECONDS = 900
_BY_PURPOSE = re.compile(r"^API requests\s+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """What a run took, and how many times as much all repositories would.

    ``points`` are GraphQL's. ``purposes`` is what the run itself says of its requests.
    """

    name: str
    sample: Sample
    requests: int
    points: int
    purposes: str = ""
    times: int = 1

    @property
    def row(self) -> str:
        """The line of the table."""
        sample, times = self.sample, self.times
        estimated = "≈ " if times > 1 else ""
        return (
            f"| {self.name} | {estimated}{self.requests * times:,} "
            f"| {estimated}{self.points * times:,} "
            f"| {estimated}{sample.wall_seconds * times:,.1f} "
            f"| {estimated}{sample.cpu_seconds * times:,.1f} | {sample.memory_mb:.0f} "
            f"| {sample.exit_code} |"
        )

    def ratio(self, ours: "Measured") -> str:
        """How this compares with our run, for people."""
        fewer = self.requests * self.times / max(ours.requests, 1)
        faster = self.sample.wall_seconds * self.times / ours.sample.wall_seconds
        return f"{ours.name}: 1/{fewer:.1f} of the requests, in 1/{faster:.0f} of the time"


@dataclass(frozen=True)
class Github:
    """The stand-in behind the latency: ``work`` has its notes."""

    address: str
    certificate: Path
    work: Path

    @property
    def counts(self) -> tuple[int, int]:
        """How many requests it has served by now, and for how many points."""
        time.sleep(_NOTED_SECONDS)
        noted: dict[str, int] = json.loads((self.work / "counts.json").read_text())
        return noted["requests"], noted["points"]

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
        requests, points = self.counts
        log = self.work / "log"
        log.unlink(missing_ok=True)
        sample = measure(command, environment, log)
        now = self.counts
        found = _BY_PURPOSE.search(log.read_text(errors="replace"))
        purposes = found[1] if found else ""
        return Measured(name, sample, now[0] - requests, now[1] - points, purposes, times)


def main() -> int:
    """Measure; 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="make bench PART=data", description=__doc__)
    parser.add_argument("--repositories", type=int, default=100)
    parser.add_argument("--issues", type=int, default=10_000, help="of all together")
    parser.add_argument("--pulls", type=int, default=10_000, help="of all together")
    parser.add_argument("--latency", type=float, default=30, help="milliseconds a round trip")
    parser.add_argument("--large", action="store_true", help="one repository, and no rival")
    options = parser.parse_args()
    exit_on_sigterm()
    count = 1 if options.large else options.repositories
    each = options.issues // count, options.pulls // count
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        with _github(_account(work / "hub", count), work, each, options.latency) as github:
            ours = list(_ours(github))
            rivals = [] if options.large else list(_rivals(github, count))
    lines = [
        "# Project data\n",
        f"{count} repositories with {options.issues:,} issues and {options.pulls:,} pull requests "
        f"together, {options.latency:g} ms a round trip. {describe_machine()}. Made by "
        "`make bench PART=data`; do not edit. Figures with ≈ are those of one repository, "
        f"read to its end, × {count}.\n",
        "| run | requests | GraphQL points | wall s | CPU s | peak MB | rc |",
        "|---" * 7 + "|",
        *(each.row for each in [*ours, *rivals]),
        "",
        *(f"- Beside {each.name}, {each.ratio(ours[0])}." for each in rivals),
        *(f"- {each.name}, requests by purpose: {each.purposes}." for each in ours),
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.joinpath("data-large.md" if options.large else "data.md").write_text(text)
    print(text)
    return int(any(each.sample.exit_code for each in [*ours, *rivals]))


def _ours(github: Github) -> Iterator[Measured]:
    """This program's first run, and another one when nothing has changed."""
    to = ["--owner", OWNER, "--destination", str(github.work / "ours")]
    chosen = ["--kinds", "data", "--no-assets"]
    for number, name in ((1, "repo_backup, first"), (2, "repo_backup, unchanged")):
        command = [str(python()), "-m", "repo_backup", "backup", *to, *chosen]
        yield github.run(name, [*command, "--run-id", f"r{number}"])


def _rivals(github: Github, count: int) -> Iterator[Measured]:
    """The rival's first run of one repository: what people ask for, and what this program reads."""
    for folder, more in (("usual", ()), ("as-ours", _AS_OURS)):
        place = ["--github-host", github.address, "-o", str(github.work / folder)]
        command = [str(programs() / "github-backup"), OWNER, *place, "--token", TOKEN]
        chosen = [*_USUAL, *more, "--repository", "project-0"]
        name = f"{_RIVAL}, first" + (f", with {' '.join(more)}" if more else "")
        yield github.run(name, [*command, *chosen], count)


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
