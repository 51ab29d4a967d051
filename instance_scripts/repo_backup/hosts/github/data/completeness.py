"""Whether as many are saved as GitHub counts, and if not, which are missing or gone."""

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
    """The comparison for one repository."""

    data: RepositoryRead
    signatures: Signatures

    def of(
        self, sections: Mapping[str, Section], items: Items, discussions: Discussions
    ) -> dict[str, Section]:
        """The sections that are complete so far, with GitHub's counts; or why they are not.

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
        """REST counts issues and pull requests together."""
        counted = self.data.task.signature.counts.get(ITEMS)
        read = all(
            name in sections and sections[name].state == "complete" for name in ("issues", "pulls")
        )
        here = self.data.count("issues") + self.data.count("pulls")
        if read and counted is not None and counted != here:
            reconcile_items(self.data, items.reread)

    def _whole(self, name: str, section: Section) -> Section:
        """A list that was read to its end: GitHub's count may just be older than the list."""
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
        reason = f"GitHub counts {counted} and shows {here}"
        return replace(section, state="truncated", here=here, github=counted, reason=reason)
