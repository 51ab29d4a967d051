"""Reads the bodies of requests, and sends answers, whole or damaged by a fault."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler

from local_cloud.github.faults import Fault

SLOW_SECONDS = 0.05


class Wire(BaseHTTPRequestHandler):
    """The part of a handler that only knows HTTP.

    ``status`` is that of the answer; 0 before there is one. ``closing`` ends answers that hang.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024

    def begin(self, closing: threading.Event) -> None:
        """Begin a request of the connection."""
        self.status = 0
        self.closing = closing
        self._body_was_read = False

    def read_body(self) -> Iterator[bytes]:
        """The request's body, the first time that it is read."""
        if self._body_was_read:
            return
        self._body_was_read = True
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (block := self.rfile.read(min(left, 65536))):
            left -= len(block)
            yield block

    def discard_body(self) -> None:
        """Read what is left of the request, as the next one follows on the same connection."""
        for _ in self.read_body():
            pass

    def send(
        self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault | None = None
    ) -> None:
        """Answer with a body that is known, which a fault may injure."""
        if fault:
            self.send_stream(status, headers, iter([body]), fault)
            return
        self._head(status, {**headers, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_stream(
        self,
        status: int,
        headers: Mapping[str, str],
        body: Iterator[bytes],
        fault: Fault | None,
    ) -> None:
        """Answer with a body as it comes."""
        self._head(status, {**headers, "Transfer-Encoding": "chunked"})
        for block in self._injured(body, fault) if fault else body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
        if not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _injured(self, body: Iterator[bytes], fault: Fault) -> Iterator[bytes]:
        """The body until the fault's place, and then what the fault makes of the rest."""
        left = fault.after_bytes
        for block in body:
            if left >= len(block):
                left -= len(block)
                yield block
                continue
            if left:
                yield block[:left]
            rest, left = block[left:], 0
            match fault.action:
                case "corrupt":
                    yield bytes([rest[0] ^ 0xFF]) + rest[1:]
                    yield from body
                case "slow":
                    for index in range(len(rest)):
                        self.wfile.flush()
                        if self.closing.wait(SLOW_SECONDS):
                            break
                        yield rest[index : index + 1]
                case "hang":
                    self.wfile.flush()
                    self.closing.wait()
                    self.close_connection = True
                case "reset":
                    self.wfile.flush()
                    reset = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                    self.close_connection = True
                    self.connection.close()
                case _:
                    pass
            return
