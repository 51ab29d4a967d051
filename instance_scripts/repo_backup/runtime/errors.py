"""The errors of this program, by what they end: the run, or the backup of one repository."""

from backup_contract.github_refusal import Refusal
from backup_contract.text import one_line


def message(text: str) -> str:
    """A message from outside, made safe to print by ``one_line``."""
    return one_line(text)


class BackupError(Exception):
    """Base of all errors that this program raises on purpose. ``str()`` is the reason."""


class UsageError(BackupError):
    """The command line or the environment asks for something impossible (exit 2)."""


class FatalError(BackupError):
    """The run cannot continue (exit 1)."""


class InterruptedRunError(BackupError):
    """The run was asked to stop; running it again with the same run id continues it (exit 75)."""


class ConflictError(BackupError):
    """A conditional write failed because another writer was first."""


class RepositoryError(BackupError):
    """One repository cannot be backed up, and a retry will not help.

    ``refusal`` is the response that caused it, if any.
    """

    refusal: Refusal | None = None


class NotFoundError(RepositoryError):
    """Nothing exists at this URL or key, or nothing that this token may see."""


class AbsentError(NotFoundError):
    """GitHub itself says that something does not exist, or this token may not see it."""


class ForbiddenError(RepositoryError):
    """GitHub accepts the credentials but refuses the request; the message says why."""


class UnauthorizedError(RepositoryError):
    """GitHub requires credentials, or rejects those that were sent."""


class TransientError(RepositoryError):
    """A retry may help. ``retry_after_seconds`` is the wait that the server asked for, if any."""

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class UnreachedError(TransientError):
    """A host that has never answered this program cannot be reached; often there is no network."""


class AllowanceSpentError(RepositoryError):
    """GitHub's hourly limit is used up, and the run ends before the limit resets."""


class RefusedPackError(TransientError):
    """git rejects a pack that was received completely."""


class IncompletePackError(RefusedPackError):
    """A completely received pack lacks an object. ``tips`` are the ids that were requested."""

    def __init__(self, reason: str, tips: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.tips = tips


class RefusedWantError(TransientError):
    """A git server refused a want. ``oid`` is the object that it names; ``begun`` whether it had
    started to send a pack."""

    def __init__(self, reason: str, oid: str | None, *, begun: bool) -> None:
        super().__init__(reason)
        self.oid = oid
        self.begun = begun


class StoreRefusedError(RepositoryError):
    """The store refuses to read or write an object, for lack of a permission or at this time."""


class UnavailableObjectError(StoreRefusedError):
    """The store has an object that nobody can read: it is in an archive tier, or its encryption key
    is deleted or known only to its writer."""


class UnfitMachineError(RepositoryError):
    """This machine cannot check an archive, mostly for lack of memory. The archive may be good."""


class UnreadableError(UnfitMachineError):
    """This machine cannot read or unpack an archive: permissions, a full disk, or hardware."""


class LackingFilesError(RepositoryError):
    """An archive is good, but large files that it refers to, or their list, are missing or
    damaged."""


class WrongBytesError(RepositoryError):
    """The bytes do not have the SHA-256 or the size that their source names."""


class DiskFullError(RepositoryError):
    """The temporary directory is full; a retry may help once no other work is in flight."""
