"""The results of one run for a repository's release assets, and their description for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backup_contract import object_keys as layout
from backup_contract.documents.release_assets import ReleaseAsset
from backup_contract.text import size

_MOST_NAMED = 3


@dataclass(frozen=True)
class AssetFile:
    """An asset to save, of the release whose list of assets is at ``path``."""

    path: str
    asset: ReleaseAsset

    @property
    def name(self) -> str:
        """The name for people: ``v1.0/program.zip``."""
        return f"{_release(self.path)}/{self.asset.name}"


@dataclass
class AssetOutcome:
    """The results for the assets that a run wanted to save.

    ``saved`` has the SHA-256 (hex) of each saved asset, ``failed`` and ``put_off`` the reasons.
    ``left`` are those that the run's allowance of bytes left to later runs; ``put_off`` are those
    that GitHub's rate limit or the deadline did. ``false`` are the SHA-256 of objects that did not
    match and were replaced. ``unreadable`` counts, by the path of a release's list, the assets that
    GitHub lists without the fields that a download needs.
    """

    saved: dict[AssetFile, str] = field(default_factory=dict)
    failed: dict[AssetFile, str] = field(default_factory=dict)
    left: list[AssetFile] = field(default_factory=list)
    put_off: dict[AssetFile, str] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)
    unreadable: dict[str, int] = field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is."""
        parts = []
        if self.failed:
            few = [f"{each.name}: {why}" for each, why in [*self.failed.items()][:_MOST_NAMED]]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_assets(len(self.failed))} could not be saved: {'; '.join(few)}")
        if self.unreadable:
            named = ", ".join(map(_release, [*self.unreadable][:_MOST_NAMED]))
            count = _assets(sum(self.unreadable.values()))
            lacking = "without the fields needed to download"
            parts.append(f"GitHub lists {count} {lacking}: {named}")
        for sha256 in sorted(self.false):
            parts.append(f"{layout.content(sha256)} did not match its key and was replaced")
        return "; ".join(parts) or None

    def warning(self, allowance: int | None) -> str | None:
        """What is left to later runs, if anything. ``allowance`` is in bytes (None: unlimited)."""
        sentences = []
        if self.left:
            rest = f"{_assets(len(self.left))} ({_bytes(self.left)}) left to later runs"
            sentences.append(f"{rest}: --max-assets allows {size(allowance or 0)} in each")
            if never := sum(each.asset.size > (allowance or 0) for each in self.left):
                sentences.append(f"{never} of them never {'fits' if never == 1 else 'fit'}")
        if self.put_off:
            rest = f"{_assets(len(self.put_off))} ({_bytes([*self.put_off])}) left to later runs"
            sentences.append(f"{rest}: {next(iter(self.put_off.values()))}")
        return "; ".join(sentences) or None

    def is_settled(self, allowance: int | None) -> bool:
        """Whether another run with the same allowance could save no more."""
        if self.failed or self.put_off or self.false or self.unreadable:
            return False
        return all(each.asset.size > (allowance or 0) for each in self.left)


def _release(path: str) -> str:
    """The release's name for people: ``v1.0`` for ``assets/v1.0.json``."""
    return path.partition("/")[2].removesuffix(".json")


def by_size(file: AssetFile) -> tuple[int, int]:
    """A sort key: small assets first."""
    return file.asset.size, file.asset.id


def _bytes(files: Sequence[AssetFile]) -> str:
    return size(sum(each.asset.size for each in files))


def _assets(count: int) -> str:
    return "1 release asset" if count == 1 else f"{count} release assets"
