"""What a manifest says of a repository's data beside its archive: what is not complete. Pure.

What each section holds is told by ``index.json`` in the archive; a manifest of ten thousand
repositories names only the sections that lack something, and when what was read last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.data_index import Section, SectionState, read_section
from backup_contract.documents.fields import Fields

INCOMPLETE: tuple[SectionState, ...] = ("failed", "truncated", "under-way")
"""States that make a backup incomplete; a lacking right and what is switched off do not."""


@dataclass(frozen=True, slots=True)
class LackingSection:
    """A section that is not complete: of ``github`` items, as GitHub counts, ``here`` are saved."""

    name: str
    state: SectionState
    reason: str | None = None
    here: int = 0
    github: int | None = None

    @property
    def sentence(self) -> str:
        """For people: ``issues under way, 1200 of 5000``."""
        state = self.state.replace("-", " ")
        counts = f", {self.here} of {self.github}" if self.github is not None else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.name} {state}{counts}{reason}"

    @property
    def document(self) -> dict[str, Any]:
        """What the manifest says of it beside its name."""
        written = {"reason": self.reason, "here": self.here or None, "github": self.github}
        told = {name: value for name, value in written.items() if value is not None}
        return {"state": self.state, **told}


@dataclass(frozen=True, slots=True)
class DataState:
    """Up to where a repository's data was read.

    While ``signature`` is what the host answers, nothing that counts or dates show has changed.
    ``items`` have dates and are read again in rotation, the next time from the number ``rotation``
    on; ``rotated_at`` is when they were the last time, ``settings_read_at`` when the sections were
    read that have neither counts nor dates (both ISO 8601, UTC). ``sections`` are those that are
    not complete.
    """

    signature: str
    items: int = 0
    rotation: int = 0
    rotated_at: str | None = None
    settings_read_at: str | None = None
    sections: tuple[LackingSection, ...] = ()

    @property
    def failure(self) -> str | None:
        """Why the backup of this data is incomplete; None if it is not."""
        found = [each.sentence for each in self.sections if each.state in INCOMPLETE]
        if not found:
            return None
        goes_on = any(each.state == "under-way" for each in self.sections)
        return "; ".join(found) + ("; the next run goes on" if goes_on else "")

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
        }


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
    return DataState(
        fields.text(document, "signature"),
        fields.count(document, "items"),
        fields.count(document, "rotation"),
        _date_or_none(document, "rotated_at"),
        _date_or_none(document, "settings_read_at"),
        _read_sections(document) if "sections" in document else (),
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
