"""What a person sees of a backup: ``cli.live_display`` on a terminal, lines elsewhere."""

from collections.abc import Container
from typing import Protocol, Self

from backup_contract.documents.manifest import Entry
from repo_backup.runtime.log_lines import LogLines, Quoted


class Display(Protocol):
    """Shows a run; called from every thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *ended: object) -> None: ...

    def listed(self, count: int) -> None:
        """So many repositories there are."""

    def further(self, count: int) -> None:
        """So many repositories are gone through once more, for what comes late."""

    def started(self, name: str) -> None:
        """A repository is being worked on."""

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """A repository is done: what is new of it is of these kinds, None for all."""

    def drilling(self, name: str, done: int, total: int) -> None:
        """The restore drill reads an archive back: this many of so many are done."""

    def note(self, text: str) -> None:
        """Something worth knowing."""


class LineDisplay:
    """Lines of a log; unchanged repositories are not worth one."""

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        pass

    def listed(self, count: int) -> None:
        """One line."""
        self._lines.write("INFO", "listed", {"repositories": count})

    def further(self, count: int) -> None:
        """One line."""
        self._lines.write("INFO", "further", {"repositories": count})

    def started(self, name: str) -> None:
        """Nothing."""

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """One line for the repository and one for its wiki, when there is something to say."""
        for item in entry.items:
            if kinds is not None and item.kind not in kinds:
                continue
            part, quiet = item.result, item.state in ("unchanged", "absent")
            if quiet and not part.warnings:
                continue
            name = item.name
            if not quiet:
                event = part.state if entry.asked else "passed-over"
                fields: dict[str, object] = {"repository": name, "refs": part.refs}
                if part.state == "backed-up" and (put := part.bytes_put_by(run_id)):
                    fields["bytes"] = put
                fields["seconds"] = f"{part.seconds:.1f}"
                if part.reason:
                    fields["reason"] = Quoted(part.reason)
                self._lines.write("ERROR" if event == "failed" else "INFO", event, fields)
            for warning in part.warnings:
                told = {"repository": name, "warning": Quoted(warning)}
                self._lines.write("WARNING", "warning", told)

    def drilling(self, name: str, done: int, total: int) -> None:
        """One line at the drill's beginning."""
        if not done:
            self._lines.write("INFO", "drilling", {"archives": total})

    def note(self, text: str) -> None:
        """One line."""
        self._lines.write("INFO", "note", {"text": Quoted(text)})
