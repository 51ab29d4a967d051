"""The HTTP server: routing and faults, the API's answers and those of the storages."""

import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from local_cloud.github import smart_http
from local_cloud.github.answer import Answer
from local_cloud.github.api import Asked
from local_cloud.github.data.graphql import execution
from local_cloud.github.data.rest.access import Caller
from local_cloud.github.faults import Fault
from local_cloud.github.handlers.git import GitHandler
from local_cloud.github.handlers.hub import Hub
from local_cloud.github.storage import attachments, release_files
from local_cloud.github.storage.lfs import STORAGE


@dataclass(frozen=True)
class Request:
    """One request as it was served; ``status`` is 0 if it was not answered.

    ``authorization`` is the scheme only (``Basic``, ``Bearer``) or None.
    """

    method: str
    path: str
    query: str
    status: int
    authorization: str | None
    connection: int


class GitHubStandIn(Hub):
    """GitHub on 127.0.0.1, over the bare repositories and the catalogue in ``root``.

    ``port`` 0 takes any free one; ``tls`` serves HTTPS. Use it as a context manager, or call
    ``start`` and ``stop``.
    """

    def __init__(
        self,
        root: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Iterable[Fault] = (),
        tls: ssl.SSLContext | None = None,
        token_expires_at: str | None = None,
        verbose: bool = False,
        backend: smart_http.Backend = smart_http.open_backend,
    ) -> None:
        super().__init__(root, faults, backend)
        self.token_expires_at = token_expires_at
        self.verbose = verbose
        self.requests: list[Request] = []
        self.scheme = "https" if tls else "http"
        self._server = _Server((host, port), self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.host, self.port = host, self._server.server_address[1]

    @property
    def api_url(self) -> str:
        """The value for ``GITHUB_API_URL``."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def start(self) -> None:
        """Serve in a background thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and release every hanging answer."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], hub: GitHubStandIn, tls: ssl.SSLContext | None
    ) -> None:
        self.hub = hub
        self.tls = tls
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect; print other errors."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(GitHandler, BaseHTTPRequestHandler):
    server_version = "GitHubStandIn"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, format: str, *arguments: object) -> None:
        if self.server.hub.verbose:
            super().log_message(format, *arguments)

    def _serve(self) -> None:
        self.hub = hub = self.server.hub
        self.begin(hub.closing)
        self.begin_caller()
        parts = urlsplit(self.path)
        # GitHub Enterprise Server has its API below /api/v3, and GraphQL at /api/graphql.
        path = unquote(parts.path).removeprefix("/api/v3")
        path = "/graphql" if path == "/api/graphql" else path
        query, self._asked = parts.query, b""
        if path == "/graphql":
            self._asked = b"".join(self.read_body())
            query = f"operation={execution.operation_name(self._asked)}"
        fault = hub.faults.take(self.command, path, query)
        try:
            if fault and fault.action == "status":
                self.discard_body()
                self.send(fault.status, fault.headers, fault.body)
            elif path.startswith(STORAGE):
                self._serve_storage(path, parts.query, fault)
            elif path.startswith(release_files.STORAGE):
                reply = release_files.answer(hub.data, path, parts.query, self.headers)
                self.send(reply.status, reply.headers, reply.body, fault)
            elif self.command == "GET" and attachments.is_of_attachments(hub.data, path):
                self._serve_attachment(path, parts.query, fault)
            elif ".git/" in path:
                self._serve_git(path, parts.query, fault)
            else:
                self._serve_api(path, query, fault)
        finally:
            scheme = self.headers.get("Authorization", "").split(" ")[0]
            hub.requests.append(
                Request(
                    self.command,
                    path,
                    query,
                    self.status,
                    scheme or None,
                    self.client_address[1],
                )
            )

    def _serve_api(self, path: str, query: str, fault: Fault | None) -> None:
        hub = self.server.hub
        sent = b"".join(self.read_body())
        if path.endswith("/installation") or path.startswith("/app/"):
            self._serve_app(path)
            return
        viewer, accepted = self._viewer()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if viewer and not self._grant:
            headers |= self._rights.headers
        if viewer and hub.token_expires_at:
            headers["GitHub-Authentication-Token-Expiration"] = hub.token_expires_at
        if not accepted:
            self.send(401, headers | hub.api_headers, b'{"message": "Bad credentials"}')
            return
        caller = Caller(self._token, viewer, self._rights, self._grant)
        with hub.changing:
            for edit in fault.edits if fault else ():
                edit.apply(hub.catalogue)
            host = self.headers.get("Host", f"{hub.host}:{hub.port}")
            base = f"{hub.scheme}://{host}"
            asked = Asked(path, query, base, caller, self.headers, self._asked)
            if self.command in ("GET", "HEAD") or asked.resource == "graphql":
                reply = hub.api.answer(asked)
            elif path == "/markdown":
                reply = attachments.rendered(hub.data, hub.catalogue, base, sent, caller)
            else:
                place = (hub.catalogue, hub.data, hub.root, base)
                reply = hub.creations.answer(self.command, path, sent, caller, place)
            headers |= hub.limits.headers(caller.token, asked.resource) | hub.api_headers
        if fault and fault.of_a_list:
            body, changed = fault.distorted(json.loads(reply.body), reply.headers)
            reply, fault = Answer(reply.status, json.dumps(body).encode(), changed), None
        self.send(reply.status, headers | dict(reply.headers), reply.body, fault)

    def _serve_attachment(self, path: str, query: str, fault: Fault | None) -> None:
        """The site's attachments, and their storage at another host than the site's."""
        hub = self.server.hub
        viewer, accepted = self._viewer()
        caller = Caller(self._token if accepted else "", viewer, self._rights, self._grant)
        storage = f"{hub.scheme}://localhost:{hub.port}"
        with hub.changing:
            place = (hub.data, hub.catalogue, path, query, self.headers)
            reply = attachments.answer(*place, caller, storage)
        self.send(reply.status, reply.headers, reply.body, fault)

    def _serve_app(self, path: str) -> None:
        """Answer a request of the App itself, by its signature."""
        status, document = 401, {"message": "A JSON web token could not be decoded"}
        apps = self.server.hub.apps
        if any(apps.believes(each) for each in self._offered()):
            status, document = apps.answer(self.command, path)
        self.send(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def _serve_storage(self, path: str, query: str, fault: Fault | None) -> None:
        """Large files, at another host than the API's and git's."""
        hub = self.server.hub
        elsewhere = f"{hub.scheme}://127.0.0.1:{hub.port}"
        headers = dict(self.headers.items())
        reply = hub.lfs.download(hub.root, path, query, headers, elsewhere)
        self.send_stream(reply.status, reply.headers, reply.body, fault)
