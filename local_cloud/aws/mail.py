"""The mails that SNS would have sent."""

import threading
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one subscriber."""

    address: str
    topic_arn: str
    subject: str
    body: str


@dataclass(slots=True)
class Mailbox:
    """All mails sent so far, oldest first. Thread-safe."""

    _mails: list[Mail] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, address: str, topic_arn: str, subject: str, body: str) -> None:
        """Add a mail. Like SNS, use a default subject if the message has none."""
        with self._lock:
            self._mails.append(
                Mail(address, topic_arn, subject or "AWS Notification Message", body)
            )

    def as_json(self) -> list[dict[str, str]]:
        """All mails as dictionaries."""
        with self._lock:
            return [asdict(mail) for mail in self._mails]
