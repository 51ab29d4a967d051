"""Incomplete sections of project data that several repositories have in common. Pure.

A permission that a token lacks is usually missing for every repository. The manifest lists such
sections once, in ``sections_in_common``, and a repository's result has their index there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.parts.data_state import LackingSection, grouped
from backup_contract.documents.parts.entries import Entry
from backup_contract.kinds import DATA

Sections = tuple[LackingSection, ...]


def in_common(entries: Iterable[Entry]) -> dict[Sections, int]:
    """The index of each set of sections that several repositories lack."""
    counted = Counter(sections for entry in entries if (sections := _sections(entry)))
    common = (sections for sections, count in counted.items() if count > 1)
    return {sections: number for number, sections in enumerate(common)}


def documents_in_common(numbers: Iterable[Sections]) -> list[list[dict[str, Any]]]:
    """The field ``sections_in_common`` of the manifest."""
    return [grouped(sections) for sections in numbers]


def entry_document(entry: Entry, numbers: dict[Sections, int]) -> dict[str, Any]:
    """An entry's JSON object in the manifest, with common sections replaced by their index."""
    document, number = entry.document, numbers.get(_sections(entry))
    if number is not None:
        document[DATA]["sections"] = number
    return document


def with_sections(document: Fields, common: Sequence[Any]) -> Fields:
    """An entry's JSON object with the index replaced by the sections.

    Raises DamagedError for an invalid index.
    """
    result = document.get(DATA)
    if not isinstance(result, dict) or type(number := result.get("sections")) is not int:
        return document
    if not 0 <= number < len(common):
        raise DamagedError(f"{DATA}.sections", "is not an index of sections_in_common")
    return {**document, DATA: {**result, "sections": common[number]}}


def _sections(entry: Entry) -> Sections:
    result = entry.results.get(DATA)
    return result.data.sections if result and result.data else ()
