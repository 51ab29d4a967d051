"""Answers that S3 gives on a bad day, in the place of the emulator's, as they come by HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

LOST = -1
"""The request is carried out, and S3 says that it failed."""
HTML = b"<html><body><h1>Welcome to our wireless network</h1></body></html>"


@dataclass
class Fault:
    """What ``times`` requests of one operation, for keys with this end, are answered.

    ``status`` may be LOST. ``cut`` leaves so many bytes of the emulator's own answer. ``before``
    is called first, with the request.
    """

    operation: str
    key: str = ""
    status: int = 200
    code: str = ""
    body: bytes = b""
    times: int = 1
    cut: int | None = None
    before: Callable[[], None] = lambda: None
    met: int = field(default=0, init=False)

    def answer(self, request: Any) -> AWSResponse | None:
        """What the request gets; None when it goes to the emulator."""
        path = unquote(urlsplit(request.url).path)
        if self.met >= self.times or not path.endswith(self.key):
            return None
        self.met += 1
        self.before()
        if self.status == LOST:
            URLLib3Session().send(request)
            return _answer(request.url, 500, _error("InternalError"))
        if self.cut is not None:
            whole = URLLib3Session().send(request)
            return _answer(request.url, whole.status_code, whole.content[: self.cut], whole.headers)
        return _answer(request.url, self.status, self.body or _error(self.code))


def inject(client: Any, faults: list[Fault]) -> None:
    """Have a client meet these faults, one after the other."""

    def meet(request: Any, event_name: str, **_: object) -> AWSResponse | None:
        mine = (fault for fault in faults if event_name.endswith(f".{fault.operation}"))
        return next(filter(None, (fault.answer(request) for fault in mine)), None)

    client.meta.events.register("before-send.s3", meet)


class _Raw(BytesIO):
    def stream(self, amt: int = 65536, **_: object) -> Iterator[bytes]:
        while block := self.read(amt):
            yield block


def _answer(url: str, status: int, body: bytes, headers: Any = None) -> AWSResponse:
    return AWSResponse(url, status, headers or HTTPHeaders(), _Raw(body))


def _error(code: str) -> bytes:
    return (
        f"<Error><Code>{code}</Code><Message>{_MESSAGES.get(code, '')}</Message></Error>".encode()
    )


_MESSAGES = {"InternalError": "We encountered an internal error. Please try again."}
