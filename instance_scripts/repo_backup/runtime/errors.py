"""What can go wrong, by who pays for it: the run, or one repository."""

from backup_contract.github_refusal import Refusal
from backup_contract.text import one_line


def said(text: str) -> str:
    """What somebody else said, as ``one_line`` shows it."""
    return one_line(text)


class BackupError(Exception):
    """Base of all errors that this program raises on purpose; ``str()`` is the reason."""


class UsageError(BackupError):
    """The command line or the environment asks for something impossible (exit 2)."""


class FatalError(BackupError):
    """The whole run cannot go on (exit 1)."""


class InterruptedRunError(BackupError):
    """The run was told to stop; the same run id continues it (exit 75)."""


class ConflictError(BackupError):
    """A conditional write found that somebody else had written first."""


class RepositoryError(BackupError):
    """One repository cannot be backed up, and trying again will not help.

    ``refusal`` is the answer that says so, where one does.
    """

    refusal: Refusal | None = None


class NotFoundError(RepositoryError):
    """There is nothing at this address, or nothing that this token may see."""


class AbsentError(NotFoundError):
    """GitHub's own answer for something that does not exist, or that this token may not see."""


class ForbiddenError(RepositoryError):
    """GitHub knows who asks, and refuses: the message says why."""


class UnauthorizedError(RepositoryError):
    """GitHub wants credentials, or rejects those that it got."""


class TransientError(RepositoryError):
    """Trying again may help; ``retry_after_seconds`` is what the server asked for, if it did."""

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class UnreachedError(TransientError):
    """No connection to a host that has not answered this program yet: mostly, no network at all."""


class AllowanceSpentError(RepositoryError):
    """GitHub's limit for this hour is reached, and the run ends before the next hour begins."""


class RefusedPackError(TransientError):
    """git finds fault with a pack that came whole."""


class IncompletePackError(RefusedPackError):
    """A pack that came whole lacks an object; ``tips`` are those that were asked for by id."""

    def __init__(self, reason: str, tips: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.tips = tips


class RefusedWantError(TransientError):
    """A git server gave up; ``oid`` is the object that it names, ``begun`` whether a pack began."""

    def __init__(self, reason: str, oid: str | None, *, begun: bool) -> None:
        super().__init__(reason)
        self.oid = oid
        self.begun = begun


class StoreRefusedError(RepositoryError):
    """The store gives or takes an object only of somebody with another right, or not at once."""


class NotHandedOutError(StoreRefusedError):
    """The store has an object and gives it to nobody: it lies in an archive tier, or is encrypted
    with a key that is gone or that only its writer has."""


class UnfitMachineError(RepositoryError):
    """This machine cannot look, mostly for want of memory; that says nothing of the archive."""


class UnreadableError(UnfitMachineError):
    """This machine cannot read or unpack an archive: a file's rights, its disk, its hardware."""


class WrongBytesError(RepositoryError):
    """What came has not the SHA-256 or the size that its source names."""


class DiskFullError(RepositoryError):
    """The temporary directory is full; worth a try when nothing else is in flight."""
