"""The error boundary: what one part fails at must keep no other part from its work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """The error that a part ended with."""

    error: Exception

    @property
    def passing(self) -> bool:
        """Whether AWS is in trouble, so that Lambda should try again.

        A parameter that botocore itself refuses is refused every time.
        """
        aws = isinstance(self.error, ClientError | BotoCoreError | ResponseParserError)
        return aws and not isinstance(self.error, ParamValidationError)


def tried(do: Callable[[], T]) -> T | Failed:
    """What ``do`` gives, or the error that it ended with, whatever that is.

    Every other ``except`` names the errors that it expects. Here nothing may escape: a document
    that nobody foresaw, or a bug of our own, would keep an instance alive, a mail from being sent,
    and the watchdog from all other runs. The caller logs the error, and raises it or tells it.
    """
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - the reason is above
        return Failed(error)
