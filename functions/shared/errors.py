"""The domain's errors. Adapters raise these in place of the outside's, chained with ``from``."""

from backup_contract.text import one_line


class OnlineBackupError(Exception):
    """Anything that OnlineBackup itself calls an error."""


class ConfigError(OnlineBackupError):
    """The function's environment is incomplete or malformed; names every variable at once."""


class EventError(OnlineBackupError):
    """An event that no part of the system sends, or a manual one with a field unknown to us."""


class RunConflictError(OnlineBackupError):
    """Somebody else advanced this run since it was read: read it again and decide anew."""


class DamagedItemError(OnlineBackupError):
    """An item of the run table is not what this program, or an earlier one, writes."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"The run table's item {key} is damaged: {problem}.")
        self.key = key
        self.problem = problem


class UnreadableError(OnlineBackupError):
    """Something in the bucket may not be read, and no retry will change that."""


class AmbiguousLaunchError(OnlineBackupError):
    """EC2 gave no definite answer; only the very same call, repeated, can find out."""


class RefusedError(OnlineBackupError):
    """A definite reason not to launch, found before anything was spent.

    ``parameter`` names what to change, ``remedy`` how; both are written for the person who
    deployed the stack.
    """

    def __init__(self, parameter: str, problem: str, remedy: str) -> None:
        super().__init__(one_line(f"{parameter}: {problem} {remedy}", None).rstrip())
        self.parameter = parameter
        self.problem = problem
        self.remedy = remedy
