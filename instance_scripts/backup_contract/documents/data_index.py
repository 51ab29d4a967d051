"""``index.json`` of a data archive: how complete each section of the data is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.attached import Attached, attached_field, read_attached

SectionState = Literal[
    "complete", "not-permitted", "switched-off", "truncated", "failed", "under-way"
]
"""``complete``: as many items as GitHub counts, or, without a count, read to the last page.
``not-permitted`` and ``switched-off`` are not failures. The next run continues ``under-way``."""
STATES: tuple[str, ...] = get_args(SectionState)
INDEX, DELETED = "index.json", "deleted.json"
"""Files beside the documents: this module's, and the list of documents deleted on GitHub."""
_OPTIONAL: Fields = dict.fromkeys(("github", "newest", "read_at", "reason", "after"))
SHOWN_TO_OWNER = "GitHub tells it to the account's own token only"
"""The reason of a section that no permission opens, only another token."""


@dataclass(frozen=True)
class Section:
    """One section of a repository's data, such as issues or labels.

    ``here`` is the number of saved items, without those deleted on GitHub. ``github`` is GitHub's
    count; None if it gives none. ``newest`` is the newest date of an item (ISO 8601, UTC), from
    which the next run continues. ``read_at`` is when all of the section was last read. ``reason``
    explains a state other than ``complete``, and names a missing permission. ``after`` is the
    host's position from which a section that is under way continues.
    """

    state: SectionState
    here: int = 0
    github: int | None = None
    newest: str | None = None
    read_at: str | None = None
    reason: str | None = None
    after: str | None = None

    @property
    def document(self) -> Fields:
        """Its JSON object in ``index.json``."""
        written = {
            "state": self.state,
            "here": self.here,
            "github": self.github,
            "newest": self.newest,
            "read_at": self.read_at,
            "reason": self.reason,
            "after": self.after,
        }
        return {name: value for name, value in written.items() if value is not None}


def section_document(name: str, section: Section) -> dict[str, Any]:
    """A section in ``index.json``. ``complete_by`` says how its completeness was determined.

    ``count``: as many items are saved as GitHub counts. ``last-page``: the list was read to its
    last page, because GitHub gives no count, or, for settings, counts something else.
    """
    if section.state != "complete":
        return dict(section.document)
    counted = section.github is not None and not name.startswith("settings.")
    return {**section.document, "complete_by": "count" if counted else "last-page"}


def read_section(document: Fields) -> Section:
    """Read a section. An unknown state, of a later version, counts as failed.

    Raises DamagedError.
    """
    document = {**_OPTIONAL, **document}
    state = fields.text(document, "state")
    reason = fields.text_or_null(document, "reason")
    if state not in STATES:
        state, reason = "failed", f"this version does not know the state {state!r}"
    return Section(
        state=state,  # type: ignore[arg-type]  # looked up just now
        here=fields.count(document, "here"),
        github=fields.nullable(fields.count, document, "github"),
        newest=fields.text_or_null(document, "newest"),
        read_at=fields.text_or_null(document, "read_at"),
        reason=reason,
        after=fields.text_or_null(document, "after"),
    )


@dataclass(frozen=True)
class DataIndex:
    """``index.json``: the repository and the run of an archive's data, and each section.

    ``number`` is GitHub's id. ``documents`` counts the documents by folder, including those deleted
    on GitHub. ``attached`` describes the attachments that texts link to; None if there are none, or
    if an earlier version wrote the index.
    """

    repository: str
    number: int
    run_id: str
    sections: Mapping[str, Section]
    documents: Mapping[str, int]
    attached: Attached | None = None

    @property
    def document(self) -> Fields:
        """The JSON object."""
        return {
            "schema": 1,
            "repository": self.repository,
            "id": self.number,
            "run_id": self.run_id,
            "documents": dict(sorted(self.documents.items())),
            "sections": {
                name: section_document(name, each) for name, each in sorted(self.sections.items())
            },
            **attached_field("attachments", self.attached),
        }


def read_index(document: Fields) -> DataIndex:
    """Read the index from its JSON object. Raises DamagedError that names the field."""
    fields.schema(document, 1)
    sections, counts = document.get("sections"), document.get("documents")
    if not isinstance(sections, dict) or not isinstance(counts, dict):
        raise fields.DamagedError("sections", "or documents is not an object")
    return DataIndex(
        repository=fields.text(document, "repository"),
        number=fields.count(document, "id"),
        run_id=fields.run_id(document, "run_id"),
        sections={str(name): fields.inside(sections, name, read_section) for name in sections},
        documents={str(name): fields.count(counts, name) for name in counts},
        attached=fields.optional(read_attached, document, "attachments"),
    )


def folder_of(path: str) -> str:
    """The folder of a document: ``issues`` of ``issues/12.json``."""
    return path.partition("/")[0]
