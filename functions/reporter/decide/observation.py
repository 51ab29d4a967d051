"""What can be seen of a run: its instance, and what the backup left in the bucket. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An instance as DescribeInstances shows it; ``reason`` and ``message`` are its StateReason."""

    id: str
    state: str
    reason: str = ""
    message: str = ""

    @property
    def gone(self) -> bool:
        """True once nothing is running or billed any more."""
        return self.state == "terminated"

    @property
    def cause(self) -> str:
        """The code that says why the instance ended.

        Mostly that is ``reason``. But a launch that fails by the account's own fault has the code
        ``Server.InternalError``, and only its message begins with the true one:
        ``Client.InternalError: Client error on launch``.
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
        """
        named = self.message.partition(":")[0].strip()
        misnamed = self.reason == "Server.InternalError" and named.startswith("Client.")
        return named if misnamed else self.reason


@dataclass(frozen=True, slots=True)
class Marker:
    """The date marker of a run: which attempt completed, when, and the manifest it vouches for."""

    key: str
    run_id: str
    attempt: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The backup's own last account: how many repositories of how many are settled."""

    attempt: int
    phase: str
    done: int
    listed: int

    @classmethod
    def read(cls, document: Fields) -> Self:
        """From ``progress.json``. Raises :class:`DamagedError` for anything else."""
        return cls(
            fields.count(document, "attempt"),
            fields.word(document, "phase"),
            fields.count(document, "done"),
            fields.count(document, "listed"),
        )


@dataclass(frozen=True, slots=True)
class World:
    """All that a decision looks at besides the run. ``said_gone``: an event said so.

    ``log_at`` is when the latest attempt saved its log, the last thing that it does.
    ``unreadable`` is what AWS says when the bucket may not be read: then nothing is known of what
    lies in it. ``damage`` are documents that are there and say nothing legible, a line each.
    """

    now: datetime
    instance: InstanceView | None
    marker: Marker | None
    progress: Progress | None
    said_gone: bool = False
    log_at: datetime | None = None
    unreadable: str = ""
    damage: tuple[str, ...] = ()

    @property
    def ended_at(self) -> datetime:
        """When the latest attempt ended, as far as can be known: else when that was seen."""
        return min(self.now, self.log_at) if self.log_at else self.now
