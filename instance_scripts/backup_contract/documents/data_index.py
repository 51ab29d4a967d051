"""How complete each section of a repository's data is: ``index.json`` of a data archive. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.attached import Attached, attached_field, read_attached

SectionState = Literal[
    "complete", "not-permitted", "switched-off", "truncated", "failed", "under-way"
]
"""``complete``: as many as GitHub counts, or read to the last page where it gives no count.
``not-permitted`` and ``switched-off`` are no failures; ``under-way`` goes on with the next run."""
STATES: tuple[str, ...] = get_args(SectionState)
INDEX, DELETED = "index.json", "deleted.json"
"""Beside the documents: what this module describes, and since when what is gone is gone."""
_UNSAID: Fields = dict.fromkeys(("github", "newest", "read_at", "reason", "after"))
SHOWN_TO_OWNER = "GitHub tells it to the account's own token only"
"""Why a section is not saved that no right opens: it takes another token."""


@dataclass(frozen=True)
class Section:
    """One kind of thing among a repository's data, as issues or labels.

    ``here`` is how many items are saved, those that vanished upstream not counted; ``github`` how
    many GitHub counts, None where it gives no number: then the last page was read. ``newest`` is
    the newest date of an item (ISO 8601, UTC), from where the next run goes on; ``read_at`` when
    all of the section was last read. ``reason`` says what a state other than ``complete`` comes
    from and, with a missing permission, which. ``after`` is from where one that is under way goes
    on, as the host understands it.
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
        """As it stands in ``index.json``."""
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
    """A section in ``index.json``, where ``complete_by`` says what its completeness rests on.

    ``count``: as many items are saved as GitHub counts. ``last-page``: GitHub gives no count, and
    its list was read to the last page; of settings the counts are of something else.
    """
    if section.state != "complete":
        return dict(section.document)
    counted = section.github is not None and not name.startswith("settings.")
    return {**section.document, "complete_by": "count" if counted else "last-page"}


def read_section(document: Fields) -> Section:
    """A section; a state of a later version is a failure that says so. Raises DamagedError."""
    document = {**_UNSAID, **document}
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
    """``index.json``: of which repository and run an archive's data is, and each section.

    ``documents`` is how many documents there are by folder, those included that are gone upstream.
    ``attached`` are the attachments that texts link to; None: none, or of an earlier version.
    """

    repository: str
    number: int
    run_id: str
    sections: Mapping[str, Section]
    documents: Mapping[str, int]
    attached: Attached | None = None

    @property
    def document(self) -> Fields:
        """The document."""
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
    """The index in this JSON object. Raises DamagedError that names the field."""
    fields.schema(document, 1)
    sections, counts = document.get("sections"), document.get("documents")
    if not isinstance(sections, dict) or not isinstance(counts, dict):
        raise fields.DamagedError("sections", "or documents are no object")
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
