"""The counts of a repository's attachments in a manifest. Pure."""

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
    """The number of attachments that texts link to, each URL counted once.

    The ``saved`` ones have ``saved_bytes`` together. ``refused`` counts by reason those that GitHub
    refuses; runs try them again from time to time. The next run tries all others (``missing``).
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
        """The JSON object in the manifest and in ``index.json``."""
        described = {"count": self.count, "saved": self.saved, "saved_bytes": self.saved_bytes}
        return described | ({"refused": dict(sorted(self.refused.items()))} if self.refused else {})

    @classmethod
    def of(cls, attachments: Iterable[Attachment]) -> "Attached":
        """Count attachments from lists that may contain a URL several times."""
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
    """A document's field with this name; empty if there are no attachments."""
    return {name: attached.document} if attached else {}


def read_attached(document: Fields, name: str) -> Attached:
    """Read the object in a field. Raises DamagedError."""

    def read(found: Fields) -> Attached:
        refused = found.get("refused", {})
        if not isinstance(refused, dict):
            raise fields.DamagedError("refused", "is not an object")
        count, saved, saved_bytes = (
            fields.count(found, each) for each in ("count", "saved", "saved_bytes")
        )
        reasons = {str(reason): fields.count(refused, reason) for reason in refused}
        return Attached(count, saved, saved_bytes, reasons)

    return fields.inside(document, name, read)
