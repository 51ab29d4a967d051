"""Shows the progress of a backup: ``cli.live_display`` on a terminal, log lines elsewhere."""

from collections.abc import Container, Mapping
from typing import Protocol, Self

from backup_contract.documents.manifest import Entry
from repo_backup.runtime.log_lines import LogLines, Quoted


class Display(Protocol):
    """Shows a run; called from every thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *ended: object) -> None: ...

    def listed(self, count: int) -> None:
        """The listing has this many repositories."""

    def sizes(self, bytes_by_name: Mapping[str, int]) -> None:
        """The host's estimates of the sizes of the repositories to back up, in bytes."""

    def further(self, count: int) -> None:
        """This many repositories are processed a second time, for their late kinds."""

    def started(self, name: str) -> None:
        """Work on a repository has begun."""

    def finished(self, entry: Entry, run_id: str, kinds: Container[str] | None = None) -> None:
        """These kinds of a repository are done; None means all."""

    def drilling(self, name: str, done: int, total: int) -> None:
        """The restore drill reads an archive back; ``done`` of ``total`` archives are done."""

    def note(self, text: str) -> None:
        """Show a message."""


class LineDisplay:
    """Writes log lines, none for unchanged repositories."""

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines
        self._drill_began = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        pass

    def listed(self, count: int) -> None:
        """One line."""
        self._lines.write("INFO", "listed", {"repositories": count})

    def sizes(self, bytes_by_name: Mapping[str, int]) -> None:
        """Nothing."""

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
                fields = {"repository": name, "warning": Quoted(warning)}
                self._lines.write("WARNING", "warning", fields)

    def drilling(self, name: str, done: int, total: int) -> None:
        """One line at the drill's beginning; several archives may be read before one is done."""
        if not self._drill_began:
            self._drill_began = True
            self._lines.write("INFO", "drilling", {"archives": total})

    def note(self, text: str) -> None:
        """One line."""
        self._lines.write("INFO", "note", {"text": Quoted(text)})
