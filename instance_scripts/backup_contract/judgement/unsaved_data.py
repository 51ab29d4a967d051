"""What is not saved of repositories' project data, and which right would change that. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backup_contract.documents.data_index import SectionState
from backup_contract.documents.manifest import Entry, Manifest
from backup_contract.documents.parts.data_state import INCOMPLETE, LackingSection
from backup_contract.kinds import DATA

_MOST_GROUPS = 5
_REMEDY = "A token, or a GitHub App, that has these rights saves it with the next run."


@dataclass
class _Group:
    """The sections that lack for one reason, and the repositories in which they do."""

    sections: set[str] = field(default_factory=set)
    repositories: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """``settings.hooks, settings.teams of 120 repositories``."""
        count = len(self.repositories)
        who = self.repositories[0] if count == 1 else f"{count} repositories"
        return f"{', '.join(sorted(self.sections))} of {who}"


def unsaved_data(manifest: Manifest) -> str:
    """One line about what is not saved though nothing went wrong; empty if there is nothing.

    What failed is not in it: that makes the run partial, and is named as a problem.
    """
    entries = list(manifest.all_entries.values())
    refused, off = _groups(entries, "not-permitted"), _groups(entries, "switched-off")
    told = []
    if refused:
        named = _first([f"{each.told} ({why})" for why, each in refused.items()])
        told.append(f"Project data that is not saved, as a right is lacking: {named}. {_REMEDY}")
    if off:
        named = _first([each.told for each in off.values()])
        told.append(f"Switched off on GitHub, so that only what was saved before is kept: {named}.")
    return " ".join(told)


def lacks(entry: Entry) -> str:
    """What of a repository's, or an account's, data is not saved though nothing went wrong."""
    return "; ".join(each.sentence for each in _sections(entry) if each.state not in INCOMPLETE)


def _sections(entry: Entry) -> Iterator[LackingSection]:
    for item in entry.items:
        if item.result.data:
            yield from item.result.data.sections


def saves_data_first(manifest: Manifest, previous: Manifest | None) -> bool:
    """Whether this is the first run that saved project data of an account that was backed up
    before."""
    if previous is None or not previous.entries or _has_data(previous):
        return False
    return any(item.kind == DATA and item.archive for item in manifest.items)


def _has_data(manifest: Manifest) -> bool:
    return any(DATA in entry.results for entry in manifest.entries.values())


def _first(told: list[str]) -> str:
    more = len(told) - _MOST_GROUPS
    rest = [f"and for {more} more reasons, all in the manifest"] if more > 0 else []
    return "; ".join([*told[:_MOST_GROUPS], *rest])


def _groups(entries: Iterable[Entry], state: SectionState) -> dict[str, _Group]:
    """By reason, that of the most repositories first."""
    groups: dict[str, _Group] = {}
    for name, section, reason in _lacking(entries, state):
        group = groups.setdefault(reason, _Group())
        group.sections.add(section)
        if group.repositories[-1:] != [name]:
            group.repositories.append(name)
    return dict(sorted(groups.items(), key=lambda each: (-len(each[1].repositories), each[0])))


def _lacking(entries: Iterable[Entry], state: SectionState) -> Iterator[tuple[str, str, str]]:
    """Repository, section and reason of each section in this state.

    What is switched off and was never used is no loss.
    """
    for entry in sorted(entries, key=lambda each: each.full_name.lower()):
        for each in _sections(entry):
            if each.state == state and (each.here or state != "switched-off"):
                yield entry.full_name, each.name, each.reason or "GitHub gives no reason"
