"""The error boundary: a failure in one part must not stop the others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """The error with which a part failed."""

    error: Exception

    @property
    def is_temporary(self) -> bool:
        """Whether AWS is in trouble, so that Lambda should retry.

        A parameter that botocore itself refuses would be refused every time.
        """
        aws = isinstance(self.error, ClientError | BotoCoreError | ResponseParserError)
        return aws and not isinstance(self.error, ParamValidationError)


def tried(do: Callable[[], T]) -> T | Failed:
    """The result of ``do``, or the error that it raised, whatever its class.

    Every other ``except`` names the errors that it expects. Here no error may escape: an unexpected
    document or a bug would keep an instance running, a mail from being sent, and the watchdog from
    checking the other runs. The caller logs the error, and raises or reports it.
    """
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - the reason is above
        return Failed(error)
