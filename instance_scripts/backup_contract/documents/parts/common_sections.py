"""Sections of project data that are not complete for the same reasons in many repositories. Pure.

What a token lacks, it lacks of every repository: the manifest lists such sections once, in
``sections_in_common``, and a repository's result has the number there in their place.
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
    """The number of each set of sections that several repositories lack."""
    counted = Counter(sections for entry in entries if (sections := _sections(entry)))
    common = (sections for sections, count in counted.items() if count > 1)
    return {sections: number for number, sections in enumerate(common)}


def documents_in_common(numbers: Iterable[Sections]) -> list[list[dict[str, Any]]]:
    """``sections_in_common`` as the manifest has it."""
    return [grouped(sections) for sections in numbers]


def entry_document(entry: Entry, numbers: dict[Sections, int]) -> dict[str, Any]:
    """An entry as it stands in the manifest, sections in common as their number."""
    document, number = entry.document, numbers.get(_sections(entry))
    if number is not None:
        document[DATA]["sections"] = number
    return document


def with_sections(document: Fields, common: Sequence[Any]) -> Fields:
    """An entry's document with the sections in the place of their number.

    Raises DamagedError for a number that is none of theirs.
    """
    result = document.get(DATA)
    if not isinstance(result, dict) or type(number := result.get("sections")) is not int:
        return document
    if not 0 <= number < len(common):
        raise DamagedError(f"{DATA}.sections", "is no number of sections_in_common")
    return {**document, DATA: {**result, "sections": common[number]}}


def _sections(entry: Entry) -> Sections:
    result = entry.results.get(DATA)
    return result.data.sections if result and result.data else ()
