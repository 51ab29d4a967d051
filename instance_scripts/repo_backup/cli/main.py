"""The command line: runs a command and maps errors to exit codes."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from backup_contract import exit_codes as exits
from backup_contract.text import one_line
from repo_backup.cli.output import print_line, print_message
from repo_backup.cli.parser import parse
from repo_backup.runtime.errors import BackupError, InterruptedRunError, UsageError

Command = Callable[[argparse.Namespace], int]

COMMANDS = {
    "backup": ("backup_command", "backup"),
    "status": ("status_command", "status"),
    "list": ("list_command", "list_archives"),
    "restore": ("restore_command", "restore"),
    "show": ("show_command", "show"),
    "diff": ("diff_command", "diff"),
    "verify": ("verify_command", "verify"),
    "prune-objects": ("whole_installation", "prune_objects"),
    "acknowledge": ("acknowledge_command", "acknowledge"),
    "estimate": ("estimate_command", "estimate"),
    "report": ("whole_installation", "report"),
    "evidence": ("whole_installation", "evidence"),
    "run-now": ("stack_commands", "run_now"),
    "check": ("stack_commands", "check"),
}
"""The module in :mod:`repo_backup.cli.commands` and the function of each command.

Only the module of the given command is imported: importing all takes four times as long as
``--help``.
"""


class _OneLine(logging.Formatter):
    """Formats a warning on one line, even if its text has line breaks; a stack trace is marked."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, followed by the escaped stack trace."""
        lines = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        trace = (f"| {one_line(line, None)}" for line in lines)
        return "\n".join((one_line(record.getMessage(), None), *trace))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code, one of :mod:`backup_contract.exit_codes`."""
    return run(*load(arguments))


def load(arguments: Sequence[str] | None = None) -> tuple[Command, argparse.Namespace]:
    """Import the command that the command line names. Returns it with its options.

    Exits with code 2 for a wrong command line.
    """
    options = parse(arguments)
    module, name = COMMANDS[options.command]
    command: Command = getattr(import_module(f"repo_backup.cli.commands.{module}"), name)
    return command, options


def run(command: Command, options: argparse.Namespace) -> int:
    """Run a command. Returns its exit code."""
    if logging.lastResort:
        # The handler of warnings if logging is not configured: it writes to the current stderr.
        logging.lastResort.setFormatter(_OneLine())
    try:
        code = command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `… | head`, has closed the pipe; the final flush must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FATAL
    except UsageError as error:
        print_message(f"repo-backup: {error}", sys.stderr)
        return exits.USAGE
    except InterruptedRunError as error:
        print_message(f"repo-backup: interrupted: {error}", sys.stderr)
        return exits.INTERRUPTED
    except BackupError as error:
        print_message(f"repo-backup: {error}", sys.stderr)
        return exits.FATAL
    except OSError as error:
        # Errors of the user's own files: no permission, or a file instead of a directory.
        where = f"{error.filename}: " if error.filename else ""
        print_line(f"repo-backup: {where}{error.strerror or error}", sys.stderr)
        return exits.FATAL
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return code
