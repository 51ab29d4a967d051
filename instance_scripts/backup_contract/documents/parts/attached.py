"""What a manifest says of the attachments of a repository's texts. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.attachments import Attachment

REFUSALS: Mapping[str, str] = {
    "sign-in": "for which GitHub wants a browser that is signed in",
    "not-found": "that GitHub does not have, or not for this token (404)",
    "refused": "that GitHub refuses",
    "too-large": "larger than --max-assets allows",
    "not-tried": "not tried (--no-attachments, or linked to from an account's data)",
}
"""Why an attachment is not saved although nothing failed. A later version may name others."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The attachments that texts link to, each URL once; ``saved_bytes`` of the ``saved`` ones.

    ``refused`` counts by reason those that GitHub does not hand out, which are tried again now and
    then. All others, ``missing``, are tried by the next run.
    """

    count: int
    saved: int
    saved_bytes: int
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def unsaved(self) -> int:
        """How many are not saved."""
        return self.count - self.saved

    @property
    def missing(self) -> int:
        """How many the next run tries to save."""
        return max(0, self.unsaved - sum(self.refused.values()))

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest and in ``index.json``."""
        described = {"count": self.count, "saved": self.saved, "saved_bytes": self.saved_bytes}
        return described | ({"refused": dict(sorted(self.refused.items()))} if self.refused else {})

    @classmethod
    def of(cls, attachments: Iterable[Attachment]) -> "Attached":
        """Of lists, which may have a URL several times."""
        by_url: dict[str, Attachment] = {}
        for each in attachments:
            if each.url not in by_url or each.sha256:
                by_url[each.url] = each
        saved = [each.size or 0 for each in by_url.values() if each.sha256]
        refused = Counter(each.refused for each in by_url.values() if each.state == "refused")
        return cls(
            len(by_url),
            len(saved),
            sum(saved),
            {reason: count for reason, count in sorted(refused.items(), key=str) if reason},
        )


def attached_field(name: str, attached: Attached | None) -> dict[str, Any]:
    """The field of this name in a document; nothing where texts link to no attachment."""
    return {name: attached.document} if attached else {}


def read_attached(document: Fields, name: str) -> Attached:
    """The object in a field. Raises DamagedError."""

    def read(found: Fields) -> Attached:
        refused = found.get("refused", {})
        if not isinstance(refused, dict):
            raise fields.DamagedError("refused", "is no object")
        count, saved, saved_bytes = (
            fields.count(found, each) for each in ("count", "saved", "saved_bytes")
        )
        reasons = {str(reason): fields.count(refused, reason) for reason in refused}
        return Attached(count, saved, saved_bytes, reasons)

    return fields.inside(document, name, read)
