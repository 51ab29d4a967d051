"""What can be observed of a run: its instance, and its documents in the bucket. Pure."""

from dataclasses import dataclass
from datetime import datetime

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.progress import Progress


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An instance as DescribeInstances shows it. ``reason`` and ``message`` are its StateReason."""

    id: str
    state: str
    reason: str = ""
    message: str = ""

    @property
    def gone(self) -> bool:
        """Whether the instance is terminated, so that it is no longer billed."""
        return self.state == "terminated"

    @property
    def cause(self) -> str:
        """The code that says why the instance ended.

        Usually that is ``reason``. But for a launch that fails for a reason within the account it
        is ``Server.InternalError``, and only the message begins with the real code:
        ``Client.InternalError: Client error on launch``.
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
        """
        named = self.message.partition(":")[0].strip()
        misnamed = self.reason == "Server.InternalError" and named.startswith("Client.")
        return named if misnamed else self.reason

    @property
    def cause_text(self) -> str:
        """Code and message, of which EC2 usually repeats the code; empty if there is neither."""
        if self.message.startswith(self.cause):
            return self.message
        return ": ".join(filter(None, (self.cause, self.message)))


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a decision needs besides the run.

    ``termination_reported``: an event said that the instance is terminated. ``marker`` and
    ``progress`` are the latest attempt's own. ``launched`` is the id of its instance if it was
    found without being recorded. ``unclaimed``: a marker names the latest attempt, but its instance
    is not known. ``log_at`` is when the latest attempt saved its log, its last step. ``unreadable``
    is AWS's message if the bucket cannot be read. ``damage`` has a line for each damaged document.
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
        """When the latest attempt ended; the time of this observation if that is not known."""
        return min(self.now, self.log_at) if self.log_at else self.now
