"""``attachments/issues~12.json`` of a data archive: which object each attachment is. Pure.

It lists the files that the texts of ``issues/12.json`` link to. The bytes of one are the object
``objects/sha256/aa/bb/<sha256>`` at the destination; a restore puts them into
``attachments/issues~12/`` under the name ``file``. A file that no text links to any more stays in
the list if it was saved.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields

ATTACHMENTS = "attachments"
"""The folder of these documents."""
AttachmentState = Literal["saved", "refused", "missing"]
_MOST_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a text links to; ``size`` in bytes, None until it was seen.

    ``url`` is the link without what signs it. ``sha256`` (hex) names its object, None until it is
    saved. ``refused`` is why GitHub does not hand it out (see ``attached.REFUSALS``).
    """

    url: str
    file: str
    size: int | None = None
    sha256: str | None = None
    refused: str | None = None

    @property
    def state(self) -> AttachmentState:
        """``missing``: the next run tries to save it."""
        if self.sha256:
            return "saved"
        return "refused" if self.refused else "missing"

    @property
    def document(self) -> Fields:
        """Its object in the list."""
        written = {
            "url": self.url,
            "file": self.file,
            "size": self.size,
            "sha256": self.sha256,
            "refused": self.refused,
            "state": self.state,
        }
        return {name: value for name, value in written.items() if value is not None}


def attachments_path(path: str) -> str:
    """Where the list of the document at this path is: ``attachments/issues~12.json``."""
    name = path.removesuffix(".json").replace("/", "~")
    if len(name) > _MOST_NAME_CHARACTERS:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name[:_MOST_NAME_CHARACTERS]}~{digest}"
    return f"{ATTACHMENTS}/{name}.json"


def attachments_document(attachments: Iterable[Attachment]) -> Fields:
    """The document."""
    return {"schema": 1, "attachments": [each.document for each in attachments]}


def read_attachments(document: Fields) -> tuple[Attachment, ...]:
    """The files in a document. Raises DamagedError that names the field."""
    fields.schema(document, 1)
    return tuple(fields.each(document, "attachments", _attachment))


def _attachment(document: Fields) -> Attachment:
    sha256 = fields.optional(fields.sha256, document, "sha256")
    size = fields.optional(fields.count, document, "size")
    if sha256 and size is None:
        raise fields.DamagedError("size", "is missing")
    return Attachment(
        fields.text(document, "url"),
        fields.text(document, "file"),
        size,
        sha256,
        fields.text_or_none(document, "refused"),
    )
