"""Plans what a push sends, in which order and in how many parts. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_BYTES = 1 << 30
"""The size of the objects in one push, as stored in the mirror. GitHub accepts 2 GiB; an object
that is stored as a delta may be sent as a whole.
https://docs.github.com/en/get-started/using-git/troubleshooting-the-2-gb-push-limit"""
_PULL, _TAGS = "refs/pull/", "refs/tags/"
_GITHUB = "github.com"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and the bytes of the objects that are new in it, including itself."""

    oid: str
    first_parent: str | None
    bytes: int


def host_of(url: str) -> str:
    """The host of a git URL (``ssh://``, ``https://``, ``USER@HOST:PATH``); empty for a path."""
    if "://" in url:
        return (urlsplit(url).hostname or "").lower()
    host, colon, _ = url.partition(":")
    return host.rpartition("@")[2].lower() if colon and "/" not in host else ""


def is_github(url: str, api_url: str) -> bool:
    """Whether a git URL's host is github.com, or the host of this API."""
    api = host_of(api_url)
    return host_of(url) in {_GITHUB, api, api.removeprefix("api.")}


def hidden_refs(refs: Iterable[str], *, github: bool) -> list[str]:
    """The refs that GitHub creates itself. It refuses a push of them, but only after receiving the
    objects."""
    return [name for name in refs if github and name.startswith(_PULL)]


def refspecs(
    refs: Iterable[str], refused: Collection[str] = (), *, force: bool = False
) -> list[str]:
    """The fewest refspecs that cover all refs except the ``refused``: one for each namespace."""
    spaces: dict[str, None] = {}
    for name in refs:
        first, second, *rest = name.split("/")
        spaces[f"{first}/{second}/*" if rest else name] = None
    without = [f"^{name}" for name in refused if f"{'/'.join(name.split('/')[:2])}/*" in spaces]
    return [*(f"{'+' * force}{space}:{space}" for space in spaces), *without]


def divide(
    commits: Sequence[Commit], refs: Mapping[str, str], most_bytes: int = MOST_BYTES
) -> list[dict[str, str]]:
    """What to push before the refs themselves, so that no push exceeds ``most_bytes``.

    ``commits`` are all that the target lacks, parents first. Each part maps refs to commits on
    their first-parent history, so that each push is a fast-forward. Tags never move: history that
    only tags have is not divided, and neither are the objects of a single commit.
    """
    owners = _owners(commits, refs)
    parts: list[dict[str, str]] = []
    part: dict[str, str] = {}
    covered = uncovered = 0
    for commit in commits:
        if part and covered + uncovered + commit.bytes > most_bytes:
            parts.append(part)
            part, covered = {}, 0
        uncovered += commit.bytes
        if owner := owners.get(commit.oid):
            part[owner] = commit.oid
            covered += uncovered
            uncovered = 0
    return parts


def _owners(commits: Sequence[Commit], refs: Mapping[str, str]) -> dict[str, str]:
    """By commit, the first ref whose first-parent history contains it."""
    parents = {commit.oid: commit.first_parent for commit in commits}
    owners: dict[str, str] = {}
    for name, tip in refs.items():
        oid: str | None = tip
        while not name.startswith(_TAGS) and oid in parents and oid not in owners:
            owners[oid] = name
            oid = parents[oid]
    return owners
