"""How each command ends: the exit codes, once; help and docs/reference.md are made from it."""

GOOD, FATAL, USAGE, NOT_ALL, INTERRUPTED = 0, 1, 2, 3, 75

MEANINGS = {
    GOOD: "all is well",
    FATAL: "it failed; the reason is on stderr",
    USAGE: "wrong usage; nothing was done",
    NOT_ALL: "it worked, but not all is well",
    INTERRUPTED: "interrupted",
}

OF_COMMANDS: dict[str, dict[int, str]] = {
    "backup": {
        GOOD: "every listed repository is backed up",
        NOT_ALL: "some repositories failed, the rest is safe",
        INTERRUPTED: "the same --run-id continues",
    },
    "status": {
        GOOD: "the newest run is good, and not too old",
        NOT_ALL: "it is not, or there is none",
    },
    "list": {},
    "restore": {
        NOT_ALL: "restored, but an earlier state (an overlay is missing or damaged), or not all "
        "of several repositories"
    },
    "show": {NOT_ALL: "shown, but an earlier state: an overlay is missing or damaged"},
    "diff": {},
    "verify": {GOOD: "every archive is read and good", NOT_ALL: "one is bad, or was not read"},
    "acknowledge": {GOOD: "written down", USAGE: "there is no such run, or wrong usage"},
    "estimate": {},
    "run-now": {
        GOOD: "verified; with --no-wait launched, with --dry-run it would launch",
        FATAL: "not launched (and with --no-wait not yet), or the run failed, timed out or was "
        "interrupted",
        NOT_ALL: "partial or unverified",
        INTERRUPTED: "no report within --timeout; the run goes on",
    },
    "check": {GOOD: "everything is in order", NOT_ALL: "action is needed, or something is unknown"},
    "evidence": {NOT_ALL: "a document could not be read and is left out; stderr says which"},
    "report": {NOT_ALL: "a document could not be read; the page is there and says which"},
}
"""What a code means for one command, where that says more than :data:`MEANINGS`."""


def describe(command: str | None = None) -> str:
    """The codes as help shows them."""
    meanings = {**MEANINGS, **OF_COMMANDS.get(command or "", {})}
    if command:
        rare = {NOT_ALL, INTERRUPTED} - set(OF_COMMANDS[command])
        meanings = {code: text for code, text in meanings.items() if code not in rare}
    return "exit codes:\n" + "".join(f"  {code:<4}{text}\n" for code, text in meanings.items())
