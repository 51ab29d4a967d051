"""A repository's data, section by section: what is due is read, what is refused is a state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from backup_contract.documents.data_index import Section
from repo_backup.hosts.data import Reading
from repo_backup.hosts.github.api.refusals import (
    MALFORMED,
    Refused,
    malformed,
    malformed_named,
    refused,
)
from repo_backup.hosts.github.data.completeness import Completeness
from repo_backup.hosts.github.data.pause import PausedError
from repo_backup.hosts.github.data.readers.discussions import Discussions
from repo_backup.hosts.github.data.readers.items import Items
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue, reactables
from repo_backup.hosts.github.data.readers.releases import Releases
from repo_backup.hosts.github.data.readers.repository_lists import (
    read_advisories,
    read_commit_comments,
    read_labels,
    read_milestones,
)
from repo_backup.hosts.github.data.readers.rest_timelines import RestTimelines
from repo_backup.hosts.github.data.readers.rotation import FOLDERS, Rotation
from repo_backup.hosts.github.data.readers.settings import read_setting, section_name
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.sections import SETTINGS
from repo_backup.hosts.github.data.signature import Signatures
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError

_UNFINISHED = ("failed", "truncated", "under-way")
_ALONG: Mapping[str, tuple[str, ...]] = {
    "reviews": ("pulls",),
    "timeline": ("issues", "pulls"),
    "reactions": ("issues", "pulls", "issue_comments", "review_comments"),
}
"""Sections without a list of their own, and the sections with which they are read."""
_WEEKLY = ("labels", "releases", "commit_comments", "security_advisories")
"""Sections that can change without a new date or count in the signature, so that they are read with
the settings too."""
_ONLY_WEEKLY = ("commit_comments", "security_advisories")
_COUNTED_BY: Mapping[str, tuple[str, ...]] = {
    "issues": ("issues", "pulls"),
    "issue_comments": ("issues", "pulls"),
    "review_comments": ("pulls",),
    "events": ("issues", "pulls"),
}
"""Sections that are empty if these others are."""


@dataclass
class SectionReader:
    """Reads the due sections of one repository. ``sections`` are those read so far."""

    data: RepositoryRead
    signatures: Signatures

    def __post_init__(self) -> None:
        self.data.count_base()
        self.turn_ended = True
        self.caught_up: set[str] = set()
        self.sections: dict[str, Section] = {}
        self.reacted = ReactionQueue(self.data)
        self.items = Items(self.data, self.reacted)
        self.discussions = Discussions(self.data, self.reacted)
        self.completeness = Completeness(self.data, self.signatures)

    def read(self) -> Reading:
        """Read everything that is due, each section after those that it depends on."""
        for name, read in self._readers().items():
            if self._is_due(name):
                self.sections[name] = self._empty(name) or self._guarded(name, read)
        self._settings()
        self._catch_up()
        self._compare_counts()
        rotation = self._rotate()
        timelines = RestTimelines(self._aside)
        lacking = self._lacking_timelines(timelines) if timelines.is_wanted else None
        self._ask_reactions(self.reacted)
        self.sections |= self.completeness.of(self.sections, self.items, self.discussions)
        self._ask_reactions(self.reacted)
        self._along()
        if timelines.is_wanted:
            whole = not self.data.task.before
            self.sections["timeline"] = (
                self.data.unread("timeline", lacking)
                if lacking
                else self.data.complete("timeline", whole=whole)
            )
        return self._reading(rotation)

    def _compare_counts(self) -> None:
        """Compare comments with their counts once no list of them is under way any more."""
        names = ("issue_comments", "review_comments")
        before = [self.data.before(name) or _NOTHING for name in names]
        now = [self.sections.get(each, old).state for each, old in zip(names, before, strict=True)]
        resumed = any(each.state == "under-way" for each in before)
        is_read = resumed or names[0] in self.sections
        if is_read and now[0] == "complete" and "under-way" not in now:
            self.items.compare_counts(everything=resumed)

    def _lacking_timelines(self, timelines: RestTimelines) -> Refused | None:
        try:
            self.data.pause.check("core")
            return timelines.fill()
        except RepositoryError as error:
            return refused(error)
        except MALFORMED as error:
            return malformed(error)

    def _ask_reactions(self, queue: ReactionQueue) -> None:
        try:
            queue.ask()
        except MALFORMED as error:
            self.data.problems.setdefault("reactions", malformed(error))

    def _readers(self) -> dict[str, Callable[[], Section]]:
        weekly = self.data if self.data.task.changed else self._aside
        return {
            "pulls": self.items.pulls,
            "issues": self.items.issues,
            "issue_comments": self.items.issue_comments,
            "review_comments": self.items.review_comments,
            "events": self.items.events,
            "labels": partial(read_labels, weekly, self.items.labels),
            "milestones": partial(read_milestones, self.data, self.items.milestones),
            "releases": Releases(weekly, self.reacted).read,
            "discussions": self.discussions.read,
            "commit_comments": partial(read_commit_comments, self._aside, self.reacted),
            "security_advisories": partial(read_advisories, self._aside),
        }

    @property
    def _aside(self) -> RepositoryRead:
        return self.data.for_purpose("rotation") if self.data.task.before else self.data

    def _is_due(self, name: str) -> bool:
        task, before = self.data.task, self.data.before(name)
        if before is None:
            return True
        if task.resumed:  # What failed before the pause is the next run's.
            return before.state == "under-way"
        if before.state in _UNFINISHED:
            return True
        if name in _ONLY_WEEKLY:
            return task.settings or task.signature.counts.get(name, before.here) != before.here
        # A missing permission may have been granted since, which only another try can show.
        weekly = name in _WEEKLY or before.state != "complete"
        return task.changed or (weekly and task.settings)

    def _empty(self, name: str) -> Section | None:
        """The empty section, if the signature shows that it is empty and nothing was ever saved."""
        counts, before = self.data.task.signature.counts, self.data.task.before.get(name)
        if name == "discussions" and self.data.remote.id in self.signatures.discussions_off:
            why = Refused("switched-off", "discussions are switched off")
            return (
                self.data.unread(name, why)
                if before and before.here
                else None or (self.data.complete(name, whole=True, github=0))
            )
        if before and (before.here or before.state != "complete"):
            return None
        if name == "issue_comments" and self._are_uncommented():
            return self.data.complete(name, whole=True)
        of = _COUNTED_BY.get(name, (name,))
        if any(counts.get(each) != 0 for each in of):
            return None
        return self.data.complete(name, whole=True)

    def _are_uncommented(self) -> bool:
        """Whether all issues and pull requests were just read, and none has a comment."""
        issues = self.sections.get("issues", _NOTHING)
        return issues.state == "complete" and not self.items.comments

    def _guarded(self, name: str, read: Callable[[], Section]) -> Section:
        before = self.data.task.before.get(name)
        try:
            self.data.pause.check("graphql" if name == "discussions" else "core")
            section = read()
        except PausedError as error:
            return self.data.unread(name, refused(error), before.after if before else None)
        except RepositoryError as error:
            return self.data.unread(name, refused(error))
        except MALFORMED as error:
            return self.data.unread(name, malformed(error))
        if section.state == "complete":
            self.data.pause.progressed()
        return section

    def _settings(self) -> None:
        aside = self._aside
        counts, before = self.data.task.signature.counts, self.data.task.before
        for name in SETTINGS:
            section = section_name(name)
            known = before.get(section)
            due = known is None or known.state in _UNFINISHED
            due = due or self.data.task.settings or self.data.task.full
            if known and known.github is not None:
                due = due or known.github != counts.get(section, known.github)
            if known and self.data.task.resumed:
                due = known.state == "under-way"
            if due:
                self.sections[section] = self._guarded(section, partial(read_setting, aside, name))

    def _catch_up(self) -> None:
        """What an earlier run could not read along with items that have not changed since."""
        try:
            self._fill_gaps(self.data.task.before)
        except PausedError as error:
            for name in _ALONG:
                self.data.along(name, error)

    def _fill_gaps(self, before: Mapping[str, Section]) -> None:
        self._fill("reviews", self.items.fill_undetailed)
        for name in ("reviews", "timeline"):
            known = before.get(name)
            lacks = known and known.state != "complete" and name not in self.data.problems
            if lacks and self._fill(name, self.items.fill_details):
                self.caught_up.add(name)
        known = before.get("reactions")
        if known and known.state != "complete" and "reactions" not in self.data.problems:
            self.data.pause.check("graphql")
            for folder in ("issues", "pulls", "releases", "commit_comments"):
                for path in list(self.data.alive_paths(folder)):
                    self.reacted.look_at(path, self.data.documents.get(path))
            for path in list(self.data.alive_paths("discussions")):
                for part, item in reactables(path, self.data.documents.get(path)):
                    self.reacted.queue(path, part, [item])
            self.caught_up.add("reactions")

    def _fill(self, name: str, fill: Callable[[], None]) -> bool:
        """Whether nothing went wrong; if it did, the section of this name says so."""
        try:
            with malformed_named():
                fill()
        except PausedError:
            raise
        except RepositoryError as error:
            self.data.along(name, error)
            return False
        return True

    def _rotate(self) -> int:
        task = self.data.task
        if not task.rotation_items or task.full or not task.before:
            return task.rotation
        aside = self._aside
        reacted = ReactionQueue(aside)
        items, discussions = Items(aside, reacted), Discussions(aside, reacted)
        rotation = Rotation(aside, items, discussions, self._shown_folders())
        try:
            with malformed_named():
                self.data.pause.check("graphql")
                return rotation.turn()
        except AllowanceSpentError:
            # Everything else is read; the rest of the turn is the next reading's.
            self.turn_ended = False
            return rotation.at
        except RepositoryError as error:
            for name in ("issues", "pulls"):
                self.data.along(name, error)
            return rotation.at
        finally:
            self._ask_reactions(reacted)

    def _shown_folders(self) -> tuple[str, ...]:
        """The item folders whose sections are neither switched off nor refused."""
        known = {**self.data.task.before, **self.sections}
        hidden = ("switched-off", "not-permitted")
        return tuple(each for each in FOLDERS if known.get(each, _NOTHING).state not in hidden)

    def _along(self) -> None:
        """Set the states of sections that are read along with others, and of complete sections with
        later problems."""
        for name, others in _ALONG.items():
            if problem := self.data.problems.get(name):
                self.sections[name] = self.data.unread(name, problem)
                continue
            read = [self.sections[each] for each in others if each in self.sections]
            unfinished = next((each for each in read if each.state in _UNFINISHED), None)
            if unfinished:
                why = Refused(unfinished.state, unfinished.reason or "")
                self.sections[name] = self.data.unread(name, why)
            elif read or self.data.here[name] or name in self.caught_up:
                self.sections[name] = self.data.complete(name, whole=not self.data.task.before)
        before = self.data.task.before
        for name, problem in self.data.problems.items():
            current = self.sections.get(name, before.get(name, _NOTHING))
            if name not in _ALONG and current.state == "complete":
                self.sections[name] = self.data.unread(name, problem)

    def _reading(self, rotation: int) -> Reading:
        """The result. Sections that were not due keep their state, with updated counts."""
        problems = self.data.problems
        due = [each for name, each in self.sections.items() if name not in problems]
        if due and all(section.state == "failed" for section in due):
            raise RepositoryError(due[0].reason or "GitHub does not answer")
        sections = dict(self.data.task.before)
        sections |= self.sections
        for name, section in sections.items():
            if not name.startswith("settings."):
                sections[name] = replace(section, here=self.data.count(name))
        under_way = any(section.state == "under-way" for section in sections.values())
        under_way = under_way or not self.turn_ended
        return Reading(sections, rotation, under_way, paused=self.data.pause.is_taken)


_NOTHING = Section("failed")
