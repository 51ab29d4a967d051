"""``attachments/issues~12.json`` of a data archive: the object of each attachment. Pure.

It lists the files that the texts in ``issues/12.json`` link to. A file's content is the object
``objects/sha256/aa/bb/<sha256>`` at the destination. A restore writes it to
``attachments/issues~12/`` under the name ``file``. A saved file stays in the list after its link
has been removed.
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
    """A file that a text links to.

    ``url`` is the link without its signature. ``size`` is in bytes; None until it is known.
    ``sha256`` (hex) identifies the object; None until the file is saved. ``refused`` is the reason
    why GitHub refuses the file (see ``attached.REFUSALS``).
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
        """Its JSON object in the list."""
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
    """The path of a document's list: ``attachments/issues~12.json`` for ``issues/12.json``."""
    name = path.removesuffix(".json").replace("/", "~")
    if len(name) > _MOST_NAME_CHARACTERS:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name[:_MOST_NAME_CHARACTERS]}~{digest}"
    return f"{ATTACHMENTS}/{name}.json"


def attachments_document(attachments: Iterable[Attachment]) -> Fields:
    """The JSON object of the document."""
    return {"schema": 1, "attachments": [each.document for each in attachments]}


def read_attachments(document: Fields) -> tuple[Attachment, ...]:
    """Read the files in a document. Raises DamagedError that names the field."""
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
