"""The state of a repository's project data in a manifest: what is incomplete. Pure.

``index.json`` in the archive describes every section. A manifest of ten thousand repositories names
only the incomplete sections, and when the data was last read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.data_index import Section, SectionState, read_section
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.attached import Attached, attached_field, read_attached

INCOMPLETE: tuple[SectionState, ...] = ("failed", "truncated", "under-way")
"""States that make a backup incomplete. A missing permission or a disabled feature does not."""
_SETTINGS = "settings."


@dataclass(frozen=True, slots=True)
class LackingSection:
    """An incomplete section: ``here`` items are saved of GitHub's count, ``github``, if known."""

    name: str
    state: SectionState
    reason: str | None = None
    here: int = 0
    github: int | None = None

    @property
    def counts(self) -> str:
        """How much of it is saved, as text: ``1200 of 5000``; empty if not known."""
        if self.github is not None:
            return f"{self.here} of {self.github}"
        return f"{self.here} so far" if self.here and self.state == "under-way" else ""

    @property
    def sentence(self) -> str:
        """The section as text: ``issues under way, 1200 of 5000``."""
        state = self.state.replace("-", " ")
        counts = f", {self.counts}" if self.counts else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.name} {state}{counts}{reason}"

    @property
    def document(self) -> dict[str, Any]:
        """Its fields in the manifest, without the name."""
        written = {"reason": self.reason, "here": self.here or None, "github": self.github}
        present = {name: value for name, value in written.items() if value is not None}
        return {"state": self.state, **present}


@dataclass(frozen=True, slots=True)
class DataState:
    """How far a repository's data was read.

    As long as the host returns the same ``signature``, no count or date has changed. ``items`` is
    the number of items that are read again in rotation. ``rotation`` is the item at which the next
    rotation starts, ``rotated_at`` the time of the last one. ``settings_read_at`` is when the
    sections without counts and dates were last read (both ISO 8601, UTC). ``sections`` are the
    incomplete ones. ``attached`` describes the attachments that texts link to; None if there are
    none, or if an earlier version only counted them, in ``attachments``.
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
        """The number of attachments that are not saved."""
        return self.attached.unsaved if self.attached else self.attachments

    @property
    def failure(self) -> str | None:
        """Why the backup of this data is incomplete; None if it is complete."""
        found = [each for each in self.sections if each.state in INCOMPLETE]
        if not found:
            return None
        goes_on = any(each.state == "under-way" for each in self.sections)
        return "; ".join(_sentences(found)) + ("; the next run goes on" if goes_on else "")

    @property
    def is_under_way(self) -> bool:
        """Whether the next run continues everything that is incomplete."""
        states = {each.state for each in self.sections if each.state in INCOMPLETE}
        return states == {"under-way"}

    def is_failure(self, reason: str | None) -> bool:
        """Whether ``reason``, why an item failed, is only that this data is incomplete.

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
        """Its fields in the JSON object of the kind's result in the manifest."""
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
    """One sentence for all sections that are incomplete for the same reason."""
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
    """The incomplete sections, by name."""
    return tuple(
        LackingSection(name, each.state, each.reason, each.here, each.github)
        for name, each in sorted(sections.items())
        if each.state != "complete"
    )


def read_data_state(document: Fields) -> DataState | None:
    """Read the state from the fields of a result; None if there is none. Raises DamagedError."""
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
    """The sections in a manifest, grouped by state and reason: each reason is listed once."""
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
    """The original text of a date, after validation."""
    if document.get(name) is None:
        return None
    fields.moment(document, name)
    written: str = document[name]
    return written
