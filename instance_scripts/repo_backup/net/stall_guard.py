"""Cuts connections that deliver too slowly. A read time-out cannot: each byte restarts it."""

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
"""How long the status line and headers of a response may take in all."""
BLOCK_SECONDS = 300.0
"""How long one block of a body may take. With the block's size this is the slowest rate allowed."""
_POLL_SECONDS = 0.5


@dataclass(eq=False)
class StallGuard:
    """A deadline on a connection: the awaited bytes must arrive before ``deadline``.

    It applies within a ``with`` block. It is a class because each request needs two, and a
    generator would cost more.
    """

    monitor: "StallMonitor"
    connection: socket.socket
    deadline: float
    expired: bool = False

    def __enter__(self) -> Self:
        self.monitor.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.monitor.discard(self)

    def allow(self, seconds: float) -> None:
        """Set the deadline ``seconds`` from now."""
        self.deadline = time.monotonic() + seconds

    def cut(self) -> None:
        """Shut the connection down; the thread that reads from it then gets an error."""
        self.expired = True
        with contextlib.suppress(OSError):
            # The plain socket's method: a TLS socket's would drop the session that a thread uses.
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)


class StallMonitor:
    """One thread that cuts connections past their deadline. It starts with the first of them."""

    def __init__(self) -> None:
        self._guards: set[StallGuard] = set()
        self._changed = threading.Condition()
        self._idle = False
        self._thread: threading.Thread | None = None

    def guard(self, connection: socket.socket, seconds: float) -> StallGuard:
        """A guard for the connection whose first deadline is ``seconds`` from now."""
        return StallGuard(self, connection, time.monotonic() + seconds)

    def add(self, guard: StallGuard) -> None:
        """Enforce its deadline from now on."""
        with self._changed:
            self._guards.add(guard)
            if self._thread is None:
                self._thread = threading.Thread(target=self._poll, daemon=True, name="stalls")
                self._thread.start()
            if self._idle:
                self._changed.notify()

    def discard(self, guard: StallGuard) -> None:
        """Stop enforcing its deadline."""
        with self._changed:
            self._guards.discard(guard)

    def _poll(self) -> None:
        while True:
            with self._changed:
                while not self._guards:
                    self._idle = True
                    self._changed.wait()
                self._idle = False
                now = time.monotonic()
                late = [each for each in self._guards if each.deadline < now and not each.expired]
            for each in late:
                each.cut()
            with self._changed:
                self._changed.wait(_POLL_SECONDS)


_monitor = StallMonitor()


class PlainConnection(HTTPConnection):
    """A connection whose responses must begin in time. ``answering`` outlives its ``sock``."""

    answering: socket.socket | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        self.answering = self.sock
        with _guard_head(self.sock):
            return super().getresponse()


class TlsConnection(HTTPSConnection):
    """The same with TLS."""

    answering: socket.socket | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        self.answering = self.sock
        with _guard_head(self.sock):
            return super().getresponse()


def _guard_head(connection: socket.socket | None) -> contextlib.AbstractContextManager[object]:
    if connection is None:
        return contextlib.nullcontext()
    return _monitor.guard(connection, HEAD_SECONDS)


class PlainPool(HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls = PlainConnection


class TlsPool(HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = TlsConnection


POOLS = {"http": PlainPool, "https": TlsPool}
"""For urllib3's ``pool_classes_by_scheme``: connections whose responses must begin in time."""


def guard_body(response: BaseHTTPResponse) -> contextlib.AbstractContextManager[StallGuard | None]:
    """Guard the body of a response within the block; None if it has been read already."""
    answering = getattr(response.connection, "answering", None)
    if answering is None:
        return contextlib.nullcontext()
    return _monitor.guard(answering, BLOCK_SECONDS)
