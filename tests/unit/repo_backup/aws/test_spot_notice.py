"""A spot instance hears of its end although its metadata stumbles; a laptop is left in peace."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from repo_backup.aws import spot_notice as interruption
from repo_backup.runtime.cancellation import CancellationToken

ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


class Metadata(ThreadingHTTPServer):
    """Answers every request for a token, and every look, with the next of what it is given."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tokens: list[tuple[int, bytes]] = []
        self.looks: list[int] = []


class _Handler(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        self._say(*(self.server.tokens.pop(0) if self.server.tokens else (200, b"session")))

    def do_GET(self) -> None:
        self._say(self.server.looks.pop(0) if self.server.looks else 200, b"{}")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """The instance's metadata, looked at without a pause."""
    monkeypatch.setattr(interruption, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(interruption, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with Metadata() as server:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def watched(stop: CancellationToken) -> threading.Thread:
    """The thread that watches."""
    interruption.watch(stop)
    return next(each for each in threading.enumerate() if each.name == "interruption")


def test_a_token_that_is_refused_at_first_does_not_end_the_watch(metadata: Metadata) -> None:
    metadata.tokens += [(503, b""), (429, b"")]
    stop = CancellationToken()
    watched(stop).join(20)
    assert stop.reason == interruption.NOTICE


def test_a_token_that_ran_out_is_asked_for_as_often_as_it_takes(metadata: Metadata) -> None:
    metadata.tokens += [(200, b"first"), *[(503, b"")] * 20]
    metadata.looks += [404, 401, 404]
    stop = CancellationToken()
    watched(stop).join(20)
    assert stop.reason == interruption.NOTICE
    assert not metadata.tokens
    assert not metadata.looks


def assert_ends_without_a_notice() -> None:
    """The watch gives up by itself, and the run goes on."""
    stop = CancellationToken()
    thread = watched(stop)
    thread.join(20)
    assert not thread.is_alive()
    assert not stop.requested


def test_a_page_that_answers_in_the_metadatas_place_is_no_notice(metadata: Metadata) -> None:
    """A network that wants a login first answers everything with a page, and 200."""
    metadata.tokens += [(200, b"<html>\n<body>Log in</body></html>")] * interruption.FIRST_TOKENS
    assert_ends_without_a_notice()


def test_where_there_is_no_metadata_the_watch_ends(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    assert_ends_without_a_notice()


def test_a_run_that_is_over_does_not_wait_for_the_watch(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruption, "POLL_SECONDS", 600.0)
    monkeypatch.setattr(interruption, "LONGEST_PAUSE_SECONDS", 600.0)
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    assert watched(CancellationToken()).daemon
