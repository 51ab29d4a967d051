"""``make bench PART=rotation``: what runs take when nothing changed, and what they find.

Two questions. How many requests tell that nothing changed in many repositories? And when is an item
read again that changed without a new date? A comment under every tenth issue and pull request is
deleted, which no date shows; each week's run reads what is due. Writes ``results/rotation.md``.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_contract.documents.data_index import Section
from backup_contract.documents.parts.data_state import DataState
from local_cloud.github import Catalogue, GitHubStandIn, Repository
from local_cloud.github.data import Editor, Size, fill
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.data.reader import GitHubData
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.schedule import due, state_after
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.retry import RetryPolicy
from tools.bench.corpus import OWNER, TOKEN

RESULTS = Path(__file__).parent / "results"
WEEKS = 13
_OF = 10
_FIRST = datetime(2026, 1, 5, 2, tzinfo=UTC)
_PURPOSES = ("signatures", "changes", "rotation")
_COMMENTS = {"issues": "comment_data", "pulls": "comment_regular_data"}


@dataclass
class Saved:
    """What earlier runs left of one repository; ``lost`` are the places of the deleted comments."""

    remote: RemoteRepository
    copy: WorkingCopy
    state: DataState | None = None
    sections: dict[str, Section] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)

    @property
    def unseen(self) -> int:
        """How many of the deleted comments no run has found out yet."""
        return sum(not self.copy.is_vanished(*each) for each in self.lost)


def main() -> int:
    """Measure; 1 where something stays unseen beyond a quarter."""
    parser = argparse.ArgumentParser(prog="make bench PART=rotation", description=__doc__)
    parser.add_argument("--unchanged", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--repositories", type=int, default=4)
    parser.add_argument("--items", type=int, default=450, help="of each repository")
    options = parser.parse_args()
    lines = ["# Runs in which nothing changed, and what dates do not show\n"]
    lines += ["Made by `make bench PART=rotation`; do not edit.\n"]
    lines += ["| repositories, nothing changed | requests beyond the listing |", "|---|---|"]
    lines += [f"| {count:,} | {_unchanged(count):,} |" for count in options.unchanged]
    lines += [
        f"\n{options.repositories} repositories with {options.items} issues and pull requests "
        f"each. After the first run a comment under one of {_OF} is deleted.\n",
        f"| week | {' | '.join(_PURPOSES)} | deleted comments not found yet |",
        "|---" * 5 + "|",
    ]
    unseen = 0
    for week, requests, unseen in _weeks(options.repositories, options.items):
        lines.append(f"| {week} | {' | '.join(map(str, requests))} | {unseen} |")
    text = "\n".join(lines) + "\n"
    RESULTS.joinpath("rotation.md").write_text(text)
    print(text)
    return int(unseen > 0)


def _unchanged(count: int) -> int:
    """The requests that tell it of so many repositories."""
    with _github(count) as (hub, remotes):
        host = _host(hub)
        host.announce(remotes)
        for remote in remotes:
            host.signature(remote)
        return sum(host.requests.values())


def _weeks(count: int, items: int) -> Iterator[tuple[int, list[int], int]]:
    """Of each week its number, its requests by purpose, and how much is not found yet."""
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name, _github(count) as (hub, remotes):
        repositories = []
        for remote in remotes:
            fill(hub.data, remote.id, Size(items // 2, items - items // 2))
            copy = WorkingCopy(Path(name, f"{remote.id}.sqlite"), _FIRST)
            repositories.append(Saved(remote, copy))
        yield 0, _run(hub, repositories, _FIRST), 0
        for saved in repositories:
            saved.lost = list(_delete_comments(hub, saved.remote.id))
        for week in range(1, WEEKS + 1):
            requests = _run(hub, repositories, _FIRST + timedelta(weeks=week))
            yield week, requests, sum(saved.unseen for saved in repositories)


def _run(hub: GitHubStandIn, repositories: list[Saved], now: datetime) -> list[int]:
    host = _host(hub)
    host.announce([each.remote for each in repositories])
    for saved in repositories:
        signature = host.signature(saved.remote)
        found = due(saved.state, signature.fingerprint, now, saved.remote.id)
        if found.reason:
            task = found.task(signature, now, saved.sections, full=False)
            reading = host.read(saved.remote, task, saved.copy)
            counts = saved.copy.contents().counts
            items = sum(counts.get(folder, 0) for folder in ("issues", "pulls", "discussions"))
            before, fingerprint = saved.state, signature.fingerprint
            saved.state = state_after(before, task, reading, fingerprint, items)
            saved.sections = dict(reading.sections)
    return [host.requests.get(purpose, 0) for purpose in _PURPOSES]


def _delete_comments(hub: GitHubStandIn, number: int) -> Iterator[tuple[str, str]]:
    """Delete the first comment under every tenth issue or pull request; their places here."""
    editor = Editor(hub.data, hub.data.of(number))
    for issue in list(editor.repository.issues.values())[::_OF]:
        folder = "pulls" if issue.pull else "issues"
        comment = next(iter(issue.comments))
        editor.delete_comment(issue.number, comment)
        yield f"{folder}/{issue.number}.json", f"{_COMMENTS[folder]}/{comment}"


@contextmanager
def _github(count: int) -> Iterator[tuple[GitHubStandIn, list[RemoteRepository]]]:
    """The stand-in with so many repositories, and what the listing says of them."""
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        hub = GitHubStandIn(Path(name))
        hub.catalogue = Catalogue(tokens={TOKEN: OWNER})
        for number in range(1, count + 1):
            hub.catalogue.add(Repository(number, OWNER, f"project-{number}"))
        hub.limits.core = hub.limits.graphql = 1_000_000
        with hub:
            yield hub, [_listed(hub, number) for number in range(1, count + 1)]


def _listed(hub: GitHubStandIn, number: int) -> RemoteRepository:
    name = f"project-{number}"
    return RemoteRepository(
        number,
        OWNER,
        name,
        private=False,
        fork=False,
        archived=False,
        size_kib=1,
        has_wiki=False,
        clone_url=f"{hub.api_url}/{OWNER}/{name}.git",
        node_id=f"R_{number}",
    )


def _host(hub: GitHubStandIn) -> GitHubData:
    stop = CancellationToken()
    http = Http(Token(TOKEN), RateLimitGate(stop), stall_seconds=30, connections=4)
    http.trust(hub.api_url)
    return GitHubData(http, hub.api_url, RetryPolicy(stop, attempts=2), Allowance(stop))


if __name__ == "__main__":
    raise SystemExit(main())
