"""What a push sends, in which order, and in how many parts. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_BYTES = 1 << 30
"""Of objects in one push, as they are stored here. GitHub takes 2 GiB; what is stored as the
difference to a newer object may be sent as a whole.
https://docs.github.com/en/get-started/using-git/troubleshooting-the-2-gb-push-limit"""
_PULL, _TAGS = "refs/pull/", "refs/tags/"
_GITHUB = "github.com"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and the bytes of the objects that came with it, its own included."""

    oid: str
    first_parent: str | None
    bytes: int


def host_of(url: str) -> str:
    """The host of an address for git (``ssh://``, ``https://``, ``USER@HOST:PATH``), or nothing."""
    if "://" in url:
        return (urlsplit(url).hostname or "").lower()
    host, colon, _ = url.partition(":")
    return host.rpartition("@")[2].lower() if colon and "/" not in host else ""


def is_github(url: str, api_url: str) -> bool:
    """Whether an address for git is github.com's, or of the host that has this API."""
    api = host_of(api_url)
    return host_of(url) in {_GITHUB, api, api.removeprefix("api.")}


def hidden_refs(refs: Iterable[str], *, github: bool) -> list[str]:
    """Those that GitHub makes itself: it refuses them, and takes what is sent for them first."""
    return [name for name in refs if github and name.startswith(_PULL)]


def refspecs(
    refs: Iterable[str], refused: Collection[str] = (), *, force: bool = False
) -> list[str]:
    """As few as say "all of these, and nothing that was ``refused``": one for each namespace."""
    spaces: dict[str, None] = {}
    for name in refs:
        first, second, *rest = name.split("/")
        spaces[f"{first}/{second}/*" if rest else name] = None
    without = [f"^{name}" for name in refused if f"{'/'.join(name.split('/')[:2])}/*" in spaces]
    return [*(f"{'+' * force}{space}:{space}" for space in spaces), *without]


def divide(
    commits: Sequence[Commit], refs: Mapping[str, str], most_bytes: int = MOST_BYTES
) -> list[dict[str, str]]:
    """What to push before the refs themselves, so that no push takes more than so many bytes.

    ``commits`` are all that the target lacks, parents first. Each part moves refs forward along
    their first parents to the commits given, so that a push of a part is a fast-forward. Tags never
    move: history that only they have is not divided, nor is what a single commit brings.
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
    """By commit, the ref that comes past it on its first parents; the first of several."""
    parents = {commit.oid: commit.first_parent for commit in commits}
    owners: dict[str, str] = {}
    for name, tip in refs.items():
        oid: str | None = tip
        while not name.startswith(_TAGS) and oid in parents and oid not in owners:
            owners[oid] = name
            oid = parents[oid]
    return owners
