"""The command line: which command does what, and what its end means."""

import os
import sys
from collections.abc import Sequence

from backup_contract import exit_codes as exits
from repo_backup.cli import backup_command as commands
from repo_backup.cli import reading
from repo_backup.cli import stack_commands as remote
from repo_backup.cli.parser import parse
from repo_backup.runtime.errors import BackupError, InterruptedRunError, UsageError

COMMANDS = {
    "backup": commands.backup,
    "status": reading.status,
    "list": reading.list_archives,
    "restore": reading.restore,
    "verify": reading.verify,
    "estimate": commands.estimate,
    "report": reading.report,
    "run-now": remote.run_now,
    "check": remote.check,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, one of :mod:`backup_contract.exit_codes`."""
    options = parse(arguments)
    try:
        code = COMMANDS[options.command](options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads, as in `… | head`, has seen enough; nothing may be flushed there at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FATAL
    except UsageError as error:
        print(f"repo_backup: {error}", file=sys.stderr)
        return exits.USAGE
    except InterruptedRunError as error:
        print(f"repo_backup: interrupted: {error}", file=sys.stderr)
        return exits.INTERRUPTED
    except BackupError as error:
        print(f"repo_backup: {error}", file=sys.stderr)
        return exits.FATAL
    except OSError as error:
        # The person's own files: a directory that may not be read, a file where one should be.
        where = f"{error.filename}: " if error.filename else ""
        print(f"repo_backup: {where}{error.strerror or error}", file=sys.stderr)
        return exits.FATAL
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return code
