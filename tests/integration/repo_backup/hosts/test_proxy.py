"""A backup through a proxy that wants to know who asks."""

import base64
import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.restore.test_push import tls_hub

__all__ = ["tls_hub"]
PASSWORD = "p@ss:é"


class Proxy(socketserver.ThreadingTCPServer):
    """Opens a tunnel for the right credentials only; ``served`` are the methods that had them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served: list[str] = []


class _Handler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        first = self.rfile.readline()
        method, target, _ = first.decode().split()
        lines = list(iter(self.rfile.readline, b"\r\n"))
        wanted = b"Basic " + base64.b64encode(f"octo:{PASSWORD}".encode())
        given = [line for line in lines if line.lower().startswith(b"proxy-authorization:")]
        if [line.partition(b": ")[2].strip() for line in given] != [wanted]:
            self.wfile.write(
                b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="x"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        self.server.served.append(method)
        host, _, port = target.partition(":")
        with socket.create_connection((host, int(port))) as there:
            self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            threading.Thread(target=self._pass_on, args=(there,), daemon=True).start()
            with contextlib.suppress(OSError):
                while block := there.recv(65536):
                    self.wfile.write(block)

    def _pass_on(self, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := self.rfile.read1(65536):
                there.sendall(block)


@pytest.fixture
def proxy(environment: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy, and nothing that goes past it."""
    for name in ("no_proxy", "NO_PROXY"):
        environment.delenv(name, raising=False)
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def _through(proxy: Proxy, credentials: str) -> str:
    return f"http://{credentials}@127.0.0.1:{proxy.server_address[1]}"


def test_a_proxy_that_wants_credentials_gets_them(
    destination: Destination,
    environment: pytest.MonkeyPatch,
    proxy: Proxy,
    tls_hub: GitHubStandIn,
    tmp_path: Path,
) -> None:
    environment.setenv("GITHUB_API_URL", tls_hub.api_url)
    environment.setenv("SSL_CERT_FILE", str(tmp_path / "tls/ca.pem"))
    environment.setenv("https_proxy", _through(proxy, "octo:p%40ss%3A%C3%A9"))
    assert destination.backup("--only", "hello") == 0
    assert set(proxy.served) == {"CONNECT"}


def test_wrong_credentials_fail_the_run_and_are_not_shown(
    destination: Destination,
    environment: pytest.MonkeyPatch,
    proxy: Proxy,
    tls_hub: GitHubStandIn,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("GITHUB_API_URL", tls_hub.api_url)
    environment.setenv("https_proxy", _through(proxy, "octo:wrong-one"))
    assert destination.backup("--only", "hello") == 1
    assert proxy.served == []
    output = "".join(capsys.readouterr())
    assert "proxy" in output.lower()
    assert "wrong-one" not in output
