"""An end for connections that trickle: a time-out of reading starts anew with each byte."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import Self

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse, HTTPResponse

HEAD_SECONDS = 300.0
"""How long the first line and the headers of an answer may take, however many bytes come."""
BLOCK_SECONDS = 300.0
"""How long one block of a body may take: with its size, the slowest transfer there may be."""
_LOOK_SECONDS = 0.5


@dataclass(eq=False)
class Watched:
    """A connection that must get on: what is awaited must come before ``deadline``.

    It is watched for the length of a ``with`` block: a class, as a generator costs more and each
    request has two of these.
    """

    guard: "Watchdog"
    connection: socket.socket
    deadline: float
    expired: bool = False

    def __enter__(self) -> Self:
        self.guard.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.guard.discard(self)

    def allow(self, seconds: float) -> None:
        """Something came: the next may take so long from now."""
        self.deadline = time.monotonic() + seconds

    def cut(self) -> None:
        """End the connection under the thread that waits for it, which then sees it broken."""
        self.expired = True
        with contextlib.suppress(OSError):
            # The plain socket's: a TLS socket would forget its session under the other thread.
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)


class Watchdog:
    """One thread that looks after connections, once there are any."""

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watching(self, connection: socket.socket, seconds: float) -> Watched:
        """Watch the connection for the block; the first thing must come within so many seconds."""
        return Watched(self, connection, time.monotonic() + seconds)

    def add(self, watched: Watched) -> None:
        """Look after it from now on."""
        with self._changed:
            self._watched.add(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True, name="watchdog")
                self._thread.start()
            if len(self._watched) == 1:  # the thread waits while there is none
                self._changed.notify()

    def discard(self, watched: Watched) -> None:
        """Leave it alone from now on."""
        with self._changed:
            self._watched.discard(watched)

    def _look(self) -> None:
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
                now = time.monotonic()
                late = [each for each in self._watched if each.deadline < now and not each.expired]
            for each in late:
                each.cut()
            time.sleep(_LOOK_SECONDS)


_watchdog = Watchdog()


class _Connection(HTTPConnection):
    """A connection whose answers must begin in time; ``answering`` outlives its ``sock``."""

    answering: socket.socket | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        self.answering = self.sock
        with _beginning(self.sock):
            return super().getresponse()


class _TlsConnection(HTTPSConnection):
    """The same with TLS."""

    answering: socket.socket | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        self.answering = self.sock
        with _beginning(self.sock):
            return super().getresponse()


def _beginning(connection: socket.socket | None) -> contextlib.AbstractContextManager[object]:
    if connection is None:
        return contextlib.nullcontext()
    return _watchdog.watching(connection, HEAD_SECONDS)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS = {"http": _Pool, "https": _TlsPool}
"""For urllib3's ``pool_classes_by_scheme``: connections whose answers must begin in time."""


def watching(response: BaseHTTPResponse) -> contextlib.AbstractContextManager[Watched | None]:
    """Watch an answer's body for the block; None when it is there already."""
    answering = getattr(response.connection, "answering", None)
    if answering is None:
        return contextlib.nullcontext()
    return _watchdog.watching(answering, BLOCK_SECONDS)
