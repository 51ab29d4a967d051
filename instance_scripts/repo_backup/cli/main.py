"""The command line: which command does what, and what its end means."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from backup_contract import exit_codes as exits
from backup_contract.text import one_line
from repo_backup.cli.commands.acknowledge_command import acknowledge
from repo_backup.cli.commands.backup_command import backup
from repo_backup.cli.commands.diff_command import diff
from repo_backup.cli.commands.estimate_command import estimate
from repo_backup.cli.commands.list_command import list_archives
from repo_backup.cli.commands.restore_command import restore
from repo_backup.cli.commands.show_command import show
from repo_backup.cli.commands.stack_commands import check, run_now
from repo_backup.cli.commands.status_command import status
from repo_backup.cli.commands.verify_command import verify
from repo_backup.cli.output import print_line, print_message
from repo_backup.cli.parser import parse
from repo_backup.runtime.errors import BackupError, FatalError, InterruptedRunError, UsageError

_OF_THE_PAGE = ("repo_backup.page", "repo_backup.cli.commands.page_command", "jinja2")
"""What instances run has neither this package nor the library that it needs."""


class _OneLine(logging.Formatter):
    """A warning on one line, whatever others have put into it; a trace is marked as one."""

    def format(self, record: logging.LogRecord) -> str:
        """The message; below it the trace, for an error in it may hold lines of its own."""
        lines = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        trace = (f"| {one_line(line, None)}" for line in lines)
        return "\n".join((one_line(record.getMessage(), None), *trace))


def evidence(options: argparse.Namespace) -> int:
    """``repo_backup evidence``; it reads the runs as the page does."""
    if find_spec("repo_backup.page") is None:
        raise FatalError(
            "this installation cannot list evidence: repo_backup.page is missing, as on the "
            "instances of a stack. Run it where the whole program is installed (pip install)"
        )
    from repo_backup.cli.commands.evidence_command import evidence

    return evidence(options)


def report(options: argparse.Namespace) -> int:
    """``repo_backup report``: 0 when the page is written, 3 when it lacks what was unreadable."""
    missing = [each for each in _OF_THE_PAGE if find_spec(each) is None]
    if missing:
        raise FatalError(
            f"this installation cannot write pages: {missing[0]} is missing, as on the instances "
            "of a stack. Run report on a machine where the whole program is installed (pip install)"
        )
    from repo_backup.cli.commands.page_command import write_page

    return write_page(options)


COMMANDS = {
    "backup": backup,
    "status": status,
    "list": list_archives,
    "restore": restore,
    "show": show,
    "diff": diff,
    "verify": verify,
    "acknowledge": acknowledge,
    "estimate": estimate,
    "report": report,
    "evidence": evidence,
    "run-now": run_now,
    "check": check,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, one of :mod:`backup_contract.exit_codes`."""
    options = parse(arguments)
    if logging.lastResort:
        # The handler of warnings where nothing is configured: stderr, as it is at that moment.
        logging.lastResort.setFormatter(_OneLine())
    try:
        code = COMMANDS[options.command](options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads, as in `… | head`, has seen enough; nothing may be flushed there at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FATAL
    except UsageError as error:
        print_message(f"repo_backup: {error}", sys.stderr)
        return exits.USAGE
    except InterruptedRunError as error:
        print_message(f"repo_backup: interrupted: {error}", sys.stderr)
        return exits.INTERRUPTED
    except BackupError as error:
        print_message(f"repo_backup: {error}", sys.stderr)
        return exits.FATAL
    except OSError as error:
        # The person's own files: a directory that may not be read, a file where one should be.
        where = f"{error.filename}: " if error.filename else ""
        print_line(f"repo_backup: {where}{error.strerror or error}", sys.stderr)
        return exits.FATAL
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return code
