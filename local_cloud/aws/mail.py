"""The e-mails that SNS would have sent."""

import threading
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, as it would lie in one subscriber's inbox."""

    address: str
    topic_arn: str
    subject: str
    body: str


@dataclass(slots=True)
class Mailbox:
    """Every e-mail sent so far, oldest first. Safe to use from several threads."""

    _mails: list[Mail] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, address: str, topic_arn: str, subject: str, body: str) -> None:
        """Keep one e-mail. SNS names the topic when a message has no subject."""
        with self._lock:
            self._mails.append(
                Mail(address, topic_arn, subject or "AWS Notification Message", body)
            )

    def as_json(self) -> list[dict[str, str]]:
        """Every e-mail as a plain dictionary."""
        with self._lock:
            return [asdict(mail) for mail in self._mails]
