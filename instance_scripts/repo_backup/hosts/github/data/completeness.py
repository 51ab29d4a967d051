"""Compares what is saved with GitHub's counts, and finds what is missing or gone if they differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.refusals import malformed_named, refused
from repo_backup.hosts.github.data.numbers import reconcile, reconcile_items
from repo_backup.hosts.github.data.readers.discussions import Discussions
from repo_backup.hosts.github.data.readers.items import Items
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.signature import ITEMS, Signatures
from repo_backup.runtime.errors import RepositoryError

_NUMBERED = ("pulls", "issues", "discussions")
_WHOLE = ("labels", "milestones")


@dataclass
class Completeness:
    """Compares the counts of one repository."""

    data: RepositoryRead
    signatures: Signatures

    def of(
        self, sections: Mapping[str, Section], items: Items, discussions: Discussions
    ) -> dict[str, Section]:
        """The complete ones of these sections, with GitHub's counts or a state that says why they
        are not complete after all.

        Raises InterruptedRunError.
        """
        readers: dict[str, Callable[[int], bool]] = {
            "pulls": items.reread,
            "issues": items.reread,
            "discussions": discussions.read_single,
        }
        judged: dict[str, Section] = {}
        try:
            with malformed_named():
                self._compare_items(sections, items)
                for name in _NUMBERED:
                    section = sections.get(name)
                    if section and section.state == "complete":
                        judged[name] = self._numbered(name, section, readers[name])
        except RepositoryError as error:
            for name in _NUMBERED:
                if name in sections and sections[name].state == "complete" and name not in judged:
                    judged[name] = self.data.unread(name, refused(error))
        for name in _WHOLE:
            section = sections.get(name)
            if section and section.state == "complete":
                judged[name] = self._whole(name, section)
        return judged

    def _numbered(self, name: str, section: Section, read: Callable[[int], bool]) -> Section:
        counted = self.data.task.signature.counts.get(name)
        if counted is not None and counted != self.data.count(name):
            counted = reconcile(self.data, name, read)
        return self._judged(name, section, counted)

    def _compare_items(self, sections: Mapping[str, Section], items: Items) -> None:
        """Compare issues and pull requests together, if the signature is REST's."""
        counted = self.data.task.signature.counts.get(ITEMS)
        read = all(
            name in sections and sections[name].state == "complete" for name in ("issues", "pulls")
        )
        here = self.data.count("issues") + self.data.count("pulls")
        if read and counted is not None and counted != here:
            reconcile_items(self.data, items.reread)

    def _whole(self, name: str, section: Section) -> Section:
        """Compare a list that was just read to its end. If the counts differ, request the count
        again, because it may be older than the list."""
        counted = self.data.task.signature.counts.get(name)
        if counted is not None and counted != self.data.count(name):
            try:
                counted = self.signatures.again(self.data.remote).counts.get(name)
            except RepositoryError as error:
                return self.data.unread(name, refused(error))
        return self._judged(name, section, counted)

    def _judged(self, name: str, section: Section, counted: int | None) -> Section:
        here = self.data.count(name)
        if counted is None or here >= counted:
            return replace(section, here=here, github=counted)
        reason = f"GitHub counts {counted} but shows {here}"
        return replace(section, state="truncated", here=here, github=counted, reason=reason)
