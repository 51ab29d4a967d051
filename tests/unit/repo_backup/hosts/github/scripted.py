"""A server that answers as a test tells it, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.api.api_client import ApiClient
from repo_backup.hosts.github.api.graphql import GraphQL, graphql_url
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.retry import RetryPolicy


@dataclass(frozen=True)
class Asked:
    """A request: its path, its query, and its JSON body."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Told:
    """An answer: its JSON, its status, its headers."""

    document: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[[Asked], Told]


class Scripted:
    """The server, for the time of a ``with``; ``asked`` are the requests in their order."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self._script = script
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Scripted":
        # A short poll: stopping the server waits for it.
        serve = lambda: self._server.serve_forever(poll_interval=0.01)  # noqa: E731
        threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self._answer(json.loads(self.rfile.read(length)))

            def _answer(self, body: Any) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), body)
                outer.asked.append(asked)
                answer = outer._script(asked)
                content = json.dumps(answer.document).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value.replace("BASE", outer.url))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        return Handler


def api_client(url: str, *, attempts: int = 1, allowance: Allowance | None = None) -> ApiClient:
    """How the program asks the server at ``url``."""
    stop = CancellationToken()
    http = Http(Token("ghp_scripted"), RateLimitGate(stop), stall_seconds=5, connections=4)
    http.trust(url)
    return ApiClient(http, RetryPolicy(stop, attempts), allowance or Allowance(stop))


def rest(server: Scripted, **options: Any) -> Rest:
    """The REST API of the server."""
    return Rest(api_client(server.url, **options), server.url)


def graphql(server: Scripted, **options: Any) -> GraphQL:
    """The GraphQL API of the server."""
    return GraphQL(api_client(server.url, **options), graphql_url(server.url))
