"""What a manifest says of a repository's data beside its archive: what is not complete. Pure.

What each section holds is told by ``index.json`` in the archive; a manifest of ten thousand
repositories names only the sections that lack something, and when what was read last.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.data_index import Section, SectionState, read_section
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.attached import Attached, attached_field, read_attached

INCOMPLETE: tuple[SectionState, ...] = ("failed", "truncated", "under-way")
"""States that make a backup incomplete; a lacking right and what is switched off do not."""
_SETTINGS = "settings."


@dataclass(frozen=True, slots=True)
class LackingSection:
    """A section that is not complete: of ``github`` items, as GitHub counts, ``here`` are saved."""

    name: str
    state: SectionState
    reason: str | None = None
    here: int = 0
    github: int | None = None

    @property
    def counts(self) -> str:
        """How much of it is saved, for people: ``1200 of 5000``; empty where nothing tells."""
        if self.github is not None:
            return f"{self.here} of {self.github}"
        return f"{self.here} so far" if self.here and self.state == "under-way" else ""

    @property
    def sentence(self) -> str:
        """For people: ``issues under way, 1200 of 5000``."""
        state = self.state.replace("-", " ")
        counts = f", {self.counts}" if self.counts else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.name} {state}{counts}{reason}"

    @property
    def document(self) -> dict[str, Any]:
        """What the manifest says of it beside its name."""
        written = {"reason": self.reason, "here": self.here or None, "github": self.github}
        present = {name: value for name, value in written.items() if value is not None}
        return {"state": self.state, **present}


@dataclass(frozen=True, slots=True)
class DataState:
    """Up to where a repository's data was read.

    While ``signature`` is what the host answers, nothing that counts or dates show has changed.
    ``items`` have dates and are read again in rotation, the next time from the number ``rotation``
    on; ``rotated_at`` is when they were the last time, ``settings_read_at`` when the sections were
    read that have neither counts nor dates (both ISO 8601, UTC). ``sections`` are those that are
    not complete. ``attached`` are the attachments that texts link to; None: there are none, or an
    earlier version saved none of the ``attachments`` that it counted.
    """

    signature: str
    items: int = 0
    rotation: int = 0
    rotated_at: str | None = None
    settings_read_at: str | None = None
    sections: tuple[LackingSection, ...] = ()
    attachments: int = 0
    attached: Attached | None = None

    @property
    def unsaved_attachments(self) -> int:
        """How many attachments are not saved."""
        return self.attached.unsaved if self.attached else self.attachments

    @property
    def failure(self) -> str | None:
        """Why the backup of this data is incomplete; None if it is not."""
        found = [each for each in self.sections if each.state in INCOMPLETE]
        if not found:
            return None
        goes_on = any(each.state == "under-way" for each in self.sections)
        return "; ".join(_sentences(found)) + ("; the next run goes on" if goes_on else "")

    @property
    def is_under_way(self) -> bool:
        """Whether all that is incomplete goes on with the next run."""
        states = {each.state for each in self.sections if each.state in INCOMPLETE}
        return states == {"under-way"}

    def is_failure(self, reason: str | None) -> bool:
        """Whether this is why an item failed: nothing else did.

        Version 0.2.0 wrote a sentence for each section.
        """
        failure = self.failure
        if failure is None or reason is None:
            return False
        end = "; the next run goes on"
        each = [each.sentence for each in self.sections if each.state in INCOMPLETE]
        return reason.removesuffix(end) in (failure.removesuffix(end), "; ".join(each))

    @property
    def document(self) -> dict[str, Any]:
        """Its fields in the manifest, in the object of the kind's result."""
        sections = grouped(self.sections)
        return {
            "signature": self.signature,
            "items": self.items,
            "rotation": self.rotation,
            "rotated_at": self.rotated_at,
            "settings_read_at": self.settings_read_at,
            **({"sections": sections} if sections else {}),
            **({"attachments": unsaved} if (unsaved := self.unsaved_attachments) else {}),
            **attached_field("attached", self.attached),
        }


def _sentences(sections: Iterable[LackingSection]) -> Iterator[str]:
    """A sentence for the sections that lack something for the same reason: a token's limit ends
    all of them at once."""
    groups: dict[tuple[str, str | None], list[LackingSection]] = {}
    for each in sections:
        groups.setdefault((each.state, each.reason), []).append(each)
    for (state, reason), group in groups.items():
        if len(group) == 1:
            yield group[0].sentence
            continue
        named = [each for each in group if not each.name.startswith(_SETTINGS)]
        names = [f"{each.name} {each.counts}".rstrip() for each in named]
        if settings := len(group) - len(named):
            names.append(f"{settings} setting{'s' * (settings != 1)}")
        because = f" ({reason})" if reason else ""
        yield f"{state.replace('-', ' ')}: {', '.join(names)}{because}"


def lacking(sections: Mapping[str, Section]) -> tuple[LackingSection, ...]:
    """The sections that are not complete, by name. Pure."""
    return tuple(
        LackingSection(name, each.state, each.reason, each.here, each.github)
        for name, each in sorted(sections.items())
        if each.state != "complete"
    )


def read_data_state(document: Fields) -> DataState | None:
    """The state among the fields of a result; None where there is none. Raises DamagedError."""
    if document.get("signature") is None:
        return None
    attached = fields.optional(read_attached, document, "attached")
    return DataState(
        fields.text(document, "signature"),
        fields.count(document, "items"),
        fields.count(document, "rotation"),
        _date_or_none(document, "rotated_at"),
        _date_or_none(document, "settings_read_at"),
        _read_sections(document) if "sections" in document else (),
        0 if attached else fields.optional(fields.count, document, "attachments") or 0,
        attached,
    )


def grouped(sections: Iterable[LackingSection]) -> list[dict[str, Any]]:
    """As a manifest lists them: a right that lacks for ten sections is named once."""
    groups: list[dict[str, Any]] = []
    for each in sections:
        for group in groups:
            if {**group, "names": 0} == {"names": 0, **each.document}:
                group["names"].append(each.name)
                break
        else:
            groups.append({"names": [each.name], **each.document})
    return groups


def _read_sections(document: Fields) -> tuple[LackingSection, ...]:
    groups = fields.each(document, "sections", _group)
    return tuple(sorted((each for group in groups for each in group), key=lambda each: each.name))


def _group(document: Fields) -> list[LackingSection]:
    read = read_section({"here": 0, **document})
    return [
        LackingSection(name, read.state, read.reason, read.here, read.github)
        for name in fields.texts(document, "names")
    ]


def _date_or_none(document: Fields, name: str) -> str | None:
    """The text of a date, as it is."""
    if document.get(name) is None:
        return None
    fields.moment(document, name)
    written: str = document[name]
    return written
