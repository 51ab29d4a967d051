"""What can be seen of a run: its instance, and what the backup left in the bucket. Pure."""

from dataclasses import dataclass
from datetime import datetime

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.progress import Progress


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

    @property
    def cause_text(self) -> str:
        """Code and message, in which EC2 mostly repeats the code; empty where there is neither."""
        if self.message.startswith(self.cause):
            return self.message
        return ": ".join(filter(None, (self.cause, self.message)))


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a decision looks at besides the run. ``termination_reported``: an event said so.

    ``marker`` and ``progress`` are the latest attempt's own. ``launched`` is the id of its instance
    where that can be seen, though it was never written down.
    ``unclaimed``: a marker names the latest attempt, but which instance ran that is not known.
    ``log_at`` is when the latest attempt saved its log, the last thing that it does.
    ``unreadable`` is what AWS says when the bucket may not be read: then nothing is known of what
    lies in it. ``damage`` are documents that are there and say nothing legible, a line each.
    """

    now: datetime
    instance: InstanceView | None
    marker: Marker | None
    progress: Progress | None
    termination_reported: bool = False
    log_at: datetime | None = None
    unreadable: str = ""
    damage: tuple[str, ...] = ()
    launched: str = ""
    unclaimed: bool = False

    @property
    def ended_at(self) -> datetime:
        """When the latest attempt ended, as far as can be known: else when that was seen."""
        return min(self.now, self.log_at) if self.log_at else self.now
