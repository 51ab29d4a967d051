"""``assets/TAG.json`` of a data archive: the object of each file of a release. Pure.

It complements ``releases/TAG.json``, which is as GitHub's API returned it. A file's content is the
object ``objects/sha256/aa/bb/<sha256>`` at the destination. A saved file that was removed on GitHub
stays in the list.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.parts.results import Referred

ASSETS, RELEASES = "assets", "releases"
"""The folders of these documents; a release has the same name in both."""
AssetState = Literal["saved", "missing"]
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ReleaseAsset:
    """A file of a release; ``size`` in bytes, ``updated_at`` as GitHub writes it.

    ``digest`` is GitHub's, ``sha256:…``; None for files from before June 2025:
    https://github.blog/changelog/2025-06-03-releases-now-expose-digests-for-release-assets/.
    ``sha256`` (hex) identifies the object; None until the file is saved.
    """

    id: int
    name: str
    size: int
    updated_at: str
    digest: str | None = None
    sha256: str | None = None

    @property
    def state(self) -> AssetState:
        """``saved`` once its object is at the destination."""
        return "saved" if self.sha256 else "missing"

    @property
    def expected(self) -> str | None:
        """The SHA-256 (hex) in GitHub's digest; None if there is none."""
        found = _DIGEST.fullmatch(self.digest or "")
        return found[1] if found else None

    @property
    def version(self) -> tuple[int, str, str | None]:
        """A value that changes when somebody replaces the file."""
        return self.id, self.updated_at, self.digest

    @property
    def document(self) -> Fields:
        """Its JSON object in the list."""
        written = {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            "updated_at": self.updated_at,
            "digest": self.digest,
            "sha256": self.sha256,
            "state": self.state,
        }
        return {name: value for name, value in written.items() if value is not None}


def assets_path(release_path: str) -> str:
    """The path of a release's list: ``assets/v1.json`` for ``releases/v1.json``."""
    return f"{ASSETS}/{release_path.removeprefix(f'{RELEASES}/')}"


def assets_document(assets: Iterable[ReleaseAsset]) -> Fields:
    """The JSON object of the document."""
    return {"schema": 1, "assets": [each.document for each in assets]}


def read_assets(document: Fields) -> tuple[ReleaseAsset, ...]:
    """Read the files in a document. Raises DamagedError that names the field."""
    fields.schema(document, 1)
    return tuple(fields.each(document, "assets", _asset))


def assets_of(release: Any) -> tuple[ReleaseAsset, ...]:
    """The files in GitHub's description of a release, without those whose upload did not end."""
    found = [each for each in map(_listed, _uploaded(release)) if each]
    return tuple(sorted(found, key=_order))


def unreadable_assets(release: Any) -> int:
    """The number of files whose description in GitHub's response is not valid."""
    return sum(_listed(each) is None for each in _uploaded(release))


def assets_after(
    before: Sequence[ReleaseAsset], now: Sequence[ReleaseAsset]
) -> tuple[ReleaseAsset, ...]:
    """Update the list of an earlier run to the files that GitHub lists ``now``.

    Saved files that have not changed are still saved. Saved files that GitHub no longer lists stay.
    """
    known = {each.version: each.sha256 for each in before if each.sha256}
    current = [replace(each, sha256=known.get(each.version)) for each in now]
    return without_repeats((*current, *(each for each in before if each.sha256)))


def without_repeats(assets: Iterable[ReleaseAsset]) -> tuple[ReleaseAsset, ...]:
    """The sorted list with the newest entry for each content of a file, whatever its name."""
    found: dict[tuple[int, str], ReleaseAsset] = {}
    for each in sorted(assets, key=_order):
        found[each.id, each.sha256 or each.updated_at] = each
    return tuple(sorted(found.values(), key=_order))


def referred(assets: Iterable[ReleaseAsset]) -> Referred:
    """Counts and bytes of the files, and of the saved ones."""
    every = [*assets]
    saved = [each.size for each in every if each.sha256]
    return Referred(len(every), sum(each.size for each in every), len(saved), sum(saved))


def _uploaded(release: Any) -> list[Any]:
    """The listed files of a release, without those whose upload did not end.

    GitHub lists the files of every release: a missing list does not mean that there are none.
    """
    if not isinstance(release, dict):
        return []
    listed = release.get("assets")
    if not isinstance(listed, list):
        return [listed]
    broken_off = ("starter", "open")
    return [e for e in listed if not (isinstance(e, dict) and e.get("state") in broken_off)]


def _listed(item: Any) -> ReleaseAsset | None:
    """A file in GitHub's description; None if a field is missing or invalid."""
    try:
        return _asset({**item, "sha256": None, "state": "missing"})
    except (DamagedError, TypeError):
        return None


def _asset(document: Fields) -> ReleaseAsset:
    return ReleaseAsset(
        fields.count(document, "id"),
        fields.text(document, "name"),
        fields.count(document, "size"),
        fields.text(document, "updated_at"),
        fields.text_or_none(document, "digest"),
        fields.optional(fields.sha256, document, "sha256"),
    )


def _order(asset: ReleaseAsset) -> tuple[int, str]:
    return asset.id, asset.updated_at
