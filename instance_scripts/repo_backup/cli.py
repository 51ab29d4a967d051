"""The command line: which command does what, and what its end means."""

import sys
from collections.abc import Sequence

from repo_backup import commands, reading, remote
from repo_backup.arguments import parse
from repo_backup.errors import BackupError, InterruptedRunError, UsageError

EXIT_FATAL, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 75
_COMMANDS = {
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
    """Run one command; its exit code: 0 all · 1 fatal · 2 usage · 3 incomplete · 75 interrupted."""
    options = parse(arguments)
    try:
        return _COMMANDS[options.command](options)
    except UsageError as error:
        print(f"repo_backup: {error}", file=sys.stderr)
        return EXIT_USAGE
    except InterruptedRunError as error:
        print(f"repo_backup: interrupted: {error}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BackupError as error:
        print(f"repo_backup: {error}", file=sys.stderr)
        return EXIT_FATAL
    except OSError as error:
        # The person's own files: a directory that may not be read, a file where one should be.
        where = f"{error.filename}: " if error.filename else ""
        print(f"repo_backup: {where}{error.strerror or error}", file=sys.stderr)
        return EXIT_FATAL
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
