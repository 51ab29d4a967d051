"""The domain's errors. Adapters raise them instead of a library's errors, chained with ``from``."""

from backup_contract.text import one_line


class OnlineBackupError(Exception):
    """The base class of OnlineBackup's own errors."""


class ConfigError(OnlineBackupError):
    """The function's environment is incomplete or malformed. The text names all variables."""


class EventError(OnlineBackupError):
    """The event is not one that the system sends, or a manual event has an unknown field."""


class RunConflictError(OnlineBackupError):
    """Another invocation changed this run after it was read: read it again, then decide again."""


class DamagedItemError(OnlineBackupError):
    """An item of the run table was not written by this version or an earlier one."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"The run table's item {key} is damaged: {problem}.")
        self.key = key
        self.problem = problem


class UnreadableError(OnlineBackupError):
    """Access to an object in the bucket is denied, and a retry would not change that."""


class AmbiguousLaunchError(OnlineBackupError):
    """EC2 gave no definite answer. Only repeating the same call can tell what happened."""


class RefusedError(OnlineBackupError):
    """The launch is refused for a definite reason, before it costs anything.

    ``parameter`` names what to change, ``remedy`` says how. Both are for the person who deployed
    the stack.
    """

    def __init__(self, parameter: str, problem: str, remedy: str) -> None:
        super().__init__(one_line(f"{parameter}: {problem} {remedy}", None).rstrip())
        self.parameter = parameter
        self.problem = problem
        self.remedy = remedy
