"""Describes the project data that is not saved, and which permission is missing. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backup_contract.documents.data_index import SHOWN_TO_OWNER, SectionState
from backup_contract.documents.manifest import Entry, Item, Manifest
from backup_contract.documents.parts.attached import REFUSALS
from backup_contract.documents.parts.data_state import INCOMPLETE, DataState, LackingSection
from backup_contract.kinds import DATA

_MOST_GROUPS = 5
_ITEMS = {"issues": "issues", "pulls": "pull requests", "discussions": "discussions"}
_REMEDY = "A token, or a GitHub App, that has these rights saves it within a week."


@dataclass
class _Group:
    """The sections that are missing for one reason, and the repositories or accounts affected."""

    many: str
    sections: set[str] = field(default_factory=set)
    names: list[str] = field(default_factory=list)

    @property
    def description(self) -> str:
        """``settings.hooks, settings.teams of 120 repositories``."""
        count = len(self.names)
        who = self.names[0] if count == 1 else f"{count} {self.many}"
        return f"{', '.join(sorted(self.sections))} of {who}"


def unsaved_data(manifest: Manifest) -> str:
    """One line about data that is not saved although nothing failed; empty if there is none.

    Failures are not in it: they make the run partial, and are listed as problems.
    """
    entries = list(manifest.all_entries.values())
    refused, off = _groups(entries, "not-permitted"), _groups(entries, "switched-off")
    sentences = []
    of_others = [refused.pop(each) for each in [*refused] if each[0] == SHOWN_TO_OWNER]
    if of_others:
        named = ", ".join(each.description for each in of_others)
        sentences.append(
            "Not saved, as GitHub shows it to a token of the account itself alone, and to no "
            f"GitHub App: {named}."
        )
    if refused:
        named = _first([f"{each.description} ({why})" for (why, _), each in refused.items()])
        sentences.append(
            f"Project data that is not saved because a permission is missing: {named}. {_REMEDY}"
        )
    if off:
        named = _first([each.description for each in off.values()])
        sentences.append(f"Switched off on GitHub, so only earlier data is kept: {named}.")
    if attached := _attachments(entries):
        sentences.append(attached)
    return " ".join(sentences)


def _attachments(entries: Iterable[Entry]) -> str:
    """The sentence about attached files; empty if no text links to any."""
    every = (item.result.data for entry in entries for item in entry.items)
    lacking = [each for each in every if each and each.unsaved_attachments]
    if not lacking:
        return ""
    count = sum(each.unsaved_attachments for each in lacking)
    files = "1 file" if count == 1 else f"{count} files"
    where = "1 repository" if len(lacking) == 1 else f"{len(lacking)} repositories"
    return (
        f"{files} attached to issues, pull requests, discussions or releases of {where} "
        f"{'is' if count == 1 else 'are'} not saved, but {'its' if count == 1 else 'their'} "
        f"{'link is' if count == 1 else 'links are'}: {'; '.join(_why_not_attached(lacking))}."
    )


def _why_not_attached(lacking: Iterable[DataState]) -> Iterator[str]:
    """For each reason how many attachments it keeps from being saved, the most common first."""
    refused, missing, unknown = Counter[str](), 0, 0
    for each in lacking:
        if each.attached:
            refused.update(each.attached.refused)
            missing += each.attached.missing
        else:
            unknown += each.attachments
    for reason, count in refused.most_common():
        yield f"{count} {REFUSALS.get(reason, reason)}"
    if missing:
        yield f"{missing} left to the next run"
    if unknown:
        yield f"{unknown} not tried yet"


def lacking_data(items: Iterable[Item]) -> list[str]:
    """The verdict's sentences about repositories of which only some project data failed."""
    every = [(item, item.result.data) for item in items]
    reading = [data for _, data in every if data and data.is_under_way]
    sentences = []
    if reading:
        whose = "1 repository" if len(reading) == 1 else f"{len(reading)} repositories"
        sentences.append(f"project data of {whose} is under way{_progress(reading)}")
    if count := len(every) - len(reading):
        lack = "repository lacks some of its" if count == 1 else "repositories lack some of their"
        sentences.append(f"{count} {lack} project data")
    return sentences


def _progress(reading: Iterable[DataState]) -> str:
    """How much of the number that GitHub reports is saved: ``(issues 1,200 of 5,000)``."""
    here, counted = Counter[str](), Counter[str]()
    for section in (each for data in reading for each in data.sections):
        if section.name in _ITEMS and section.github is not None:
            here[section.name] += section.here
            counted[section.name] += section.github
    saved = [
        f"{noun} {here[name]:,} of {counted[name]:,}"
        for name, noun in _ITEMS.items()
        if counted[name]
    ]
    return f" ({', '.join(saved)})" if saved else ""


def lacks(entry: Entry) -> str:
    """The data of a repository or an account that is not saved although nothing failed."""
    return "; ".join(each.sentence for each in _sections(entry) if each.state not in INCOMPLETE)


def _sections(entry: Entry) -> Iterator[LackingSection]:
    for item in entry.items:
        if item.result.data:
            yield from item.result.data.sections


def saves_data_first(manifest: Manifest, previous: Manifest | None) -> bool:
    """Whether this run saves project data and the run before it, of the same account, had none."""
    if previous is None or not previous.entries or _has_data(previous):
        return False
    return any(item.kind == DATA and item.archive for item in manifest.items)


def _has_data(manifest: Manifest) -> bool:
    return any(DATA in entry.results for entry in manifest.entries.values())


def _first(description: list[str]) -> str:
    more = len(description) - _MOST_GROUPS
    rest = [f"and for {more} more reasons, all in the manifest"] if more > 0 else []
    return "; ".join([*description[:_MOST_GROUPS], *rest])


def _groups(entries: Iterable[Entry], state: SectionState) -> dict[tuple[str, str], _Group]:
    """The groups by reason and by whether accounts or repositories are affected, largest first."""
    groups: dict[tuple[str, str], _Group] = {}
    for entry, section, reason in _lacking(entries, state):
        many = "accounts" if entry.of == "account" else "repositories"
        group = groups.setdefault((reason, many), _Group(many))
        group.sections.add(section)
        if group.names[-1:] != [entry.full_name]:
            group.names.append(entry.full_name)
    return dict(sorted(groups.items(), key=lambda each: (-len(each[1].names), each[0])))


def _lacking(entries: Iterable[Entry], state: SectionState) -> Iterator[tuple[Entry, str, str]]:
    """Entry, section and reason of each section in this state.

    A feature that is switched off and was never used is not a loss.
    """
    for entry in sorted(entries, key=lambda each: each.full_name.lower()):
        for each in _sections(entry):
            if each.state == state and (each.here or state != "switched-off"):
                yield entry, each.name, each.reason or "GitHub gives no reason"
