"""Which requests a rate limit holds back: those to the API and git, or to one server of files."""

import pytest

from repo_backup.net.credentials import Token
from repo_backup.net.http import Http, Scheme
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import InterruptedRunError, TransientError
from tests.unit.repo_backup.hosts.github.scripted import Asked, Scripted, Told

LIMITED = Told({}, 429, {"Retry-After": "600"})


def answer(asked: Asked) -> Told:
    """Everything below ``/limited`` asks to wait, all else answers."""
    return LIMITED if asked.path.startswith("/limited") else Told("an answer")


class Client:
    """A client of one server; ``stop`` ends every wait."""

    def __init__(self, server: Scripted) -> None:
        self.server = server
        self.stop = CancellationToken()
        self.gate = RateLimitGate(self.stop)
        self.http = Http(Token("ghp_1"), self.gate, stall_seconds=5, connections=1)
        self.http.trust(server.url)

    def get(self, path: str, *, api: bool = False, token: bool = True) -> bytes:
        scheme: Scheme = "Bearer" if token else None
        url = self.server.url + path
        with self.http.open("GET", url, scheme, to_storage=True, own_limit=not api) as found:
            return found.whole(100)

    def asked(self) -> list[str]:
        return [each.path for each in self.server.asked]


@pytest.mark.parametrize("token", [True, False])
def test_a_limit_of_the_site_does_not_hold_back_the_api(token: bool) -> None:
    with Scripted(answer) as server:
        client = Client(server)
        with pytest.raises(TransientError) as caught:
            client.get("/limited", token=token)
        assert caught.value.retry_after_seconds == 600
        assert client.get("/api", api=True) == b'"an answer"'


def test_a_limit_of_the_site_ends_all_downloads_from_it_without_a_request() -> None:
    with Scripted(answer) as server:
        client = Client(server)
        with pytest.raises(TransientError):
            client.get("/limited")
        with pytest.raises(TransientError, match=r"127\.0\.0\.1 asked to wait; 600 s") as caught:
            client.get("/file", token=False)
        assert 590 < (caught.value.retry_after_seconds or 0) <= 600
        assert client.asked() == ["/limited"]


def test_a_limit_of_the_api_does_not_hold_back_downloads() -> None:
    with Scripted(answer) as server:
        client = Client(server)
        with pytest.raises(TransientError):
            client.get("/limited", api=True)
        assert client.get("/file") == b'"an answer"'
        client.stop.request("enough")
        with pytest.raises(InterruptedRunError):
            client.get("/api", api=True)


def test_a_limit_of_one_storage_does_not_hold_back_another() -> None:
    with Scripted(answer) as storage:
        away = Told(None, 302, {"Location": f"{storage.url}/limited"})
        with Scripted(lambda asked: away if asked.path == "/away" else answer(asked)) as site:
            client = Client(site)
            with pytest.raises(TransientError):
                client.get("/away")
            assert client.get("/file") == b'"an answer"'
            with pytest.raises(TransientError, match="asked to wait"):
                client.get("/away")
        assert [each.path for each in storage.asked] == ["/limited"]


def test_a_short_wait_is_waited_for_and_an_absurd_one_ignored() -> None:
    stop = CancellationToken()
    gate = RateLimitGate(stop).of_files(("https", "storage.example", 443))
    gate.pause(20)
    stop.request("enough")
    with pytest.raises(InterruptedRunError):
        gate.wait()
    absurd = Told({}, 503, {"Retry-After": "999999"})
    with Scripted(lambda asked: absurd if asked.path == "/x" else Told("an answer")) as server:
        client = Client(server)
        with pytest.raises(TransientError):
            client.get("/x")
        assert client.get("/file") == b'"an answer"'
