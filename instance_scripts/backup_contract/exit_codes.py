"""The exit codes of each command. Help and docs/reference.md are generated from them."""

import textwrap

GOOD, FATAL, USAGE, NOT_ALL, INTERRUPTED = 0, 1, 2, 3, 75
_COLUMNS = 80

MEANINGS = {
    GOOD: "success",
    FATAL: "failure; the reason is on stderr",
    USAGE: "invalid usage; nothing was done",
    NOT_ALL: "it worked, but something needs attention",
    INTERRUPTED: "interrupted",
}

OF_COMMANDS: dict[str, dict[int, str]] = {
    "backup": {
        GOOD: "every listed repository is backed up",
        NOT_ALL: "some repositories failed; all others are backed up",
        INTERRUPTED: "interrupted; the same --run-id continues",
    },
    "status": {
        GOOD: "the newest run is good and not too old",
        NOT_ALL: "it is not good, too old, or missing",
    },
    "list": {},
    "restore": {
        NOT_ALL: "not everything was restored: an overlay is missing or damaged, or some of "
        "several repositories failed"
    },
    "show": {NOT_ALL: "an earlier state is shown: an overlay is missing or damaged"},
    "diff": {},
    "verify": {
        GOOD: "every archive was read and is good",
        NOT_ALL: "an archive is bad or could not be read",
    },
    "prune-objects": {
        GOOD: "the objects were listed; with --yes: removed",
        FATAL: "a list or an archive is unreadable, or a run is in progress; nothing was removed",
        NOT_ALL: "some objects could not be removed; the output says why",
        INTERRUPTED: "the same command removes the rest",
    },
    "acknowledge": {GOOD: "recorded", USAGE: "there is no such run, or invalid usage"},
    "estimate": {},
    "run-now": {
        GOOD: "verified; with --no-wait: launched; with --dry-run: it would launch",
        FATAL: "not launched (with --no-wait: not yet), or the run failed, timed out or was "
        "interrupted",
        NOT_ALL: "partial or unverified",
        INTERRUPTED: "no report within --timeout; the run continues",
    },
    "check": {GOOD: "everything is in order", NOT_ALL: "action is needed, or something is unknown"},
    "evidence": {NOT_ALL: "a document could not be read and is ignored; stderr names it"},
    "report": {NOT_ALL: "a document could not be read; the page was written and names it"},
}
"""What a code means for one command, if that is more precise than :data:`MEANINGS`."""


def describe(command: str | None = None) -> str:
    """The codes as text for ``--help``; all of them without a command."""
    meanings = {**MEANINGS, **OF_COMMANDS.get(command or "", {})}
    if command:
        rare = {NOT_ALL, INTERRUPTED} - set(OF_COMMANDS[command])
        meanings = {code: text for code, text in meanings.items() if code not in rare}
    lines = (
        textwrap.fill(text, _COLUMNS, initial_indent=f"  {code:<4}", subsequent_indent=" " * 6)
        for code, text in meanings.items()
    )
    return "\n".join(("exit codes:", *lines, ""))
