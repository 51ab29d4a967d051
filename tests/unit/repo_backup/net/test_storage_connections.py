"""A storage's name may not lead into the network that the program runs in."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError, UnreachedError
from tests.unit.repo_backup.hosts.github.scripted import Asked, Scripted, Told
from tools.bench.standins.servers import make_certificate, server_context

GITHUB, STORAGE = "github.example", "storage.example"
PUBLIC = "140.82.112.3"
METADATA = "169.254.169.254"


class Names(dict[str, list[str]]):
    """What names resolve to. Addresses resolve to themselves, other names to nothing."""

    def __init__(self, resolve: Any) -> None:
        super().__init__()
        self.resolved: list[str] = []
        self._resolve = resolve

    def getaddrinfo(self, host: str, *arguments: Any) -> list[Any]:
        self.resolved.append(host)
        found = self.get(host)
        if found is None and not host[0].isdigit():
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [each for one in found or [host] for each in self._resolve(one, *arguments)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    names = Names(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    return names


@pytest.fixture
def storage() -> Iterator[Scripted]:
    with Scripted(lambda _: Told("a file")) as server:
        yield server


def client(github: str) -> Http:
    http = Http(Token("ghp_1"), RateLimitGate(CancellationToken()), stall_seconds=5, connections=1)
    http.trust(github)
    return http


def at(name: str, server: Scripted) -> str:
    return f"http://{name}:{server.url.rpartition(':')[2]}/file"


def fetched(http: Http, url: str, **options: Any) -> bytes:
    with http.open("GET", url, options.pop("scheme", None), **options) as answer:
        return answer.whole(1000)


@pytest.mark.parametrize(
    ("addresses", "network"),
    [
        (["127.0.0.1"], "127.0.0.1, a loopback"),
        ([PUBLIC, "127.0.0.1"], "127.0.0.1, a loopback"),
        (["10.1.2.3"], "10.1.2.3, a private"),
        ([METADATA], f"{METADATA}, a link-local"),
        (["::ffff:169.254.169.254"], "::ffff:169.254.169.254, a link-local"),
    ],
)
def test_a_name_that_resolves_to_an_inner_address_is_refused_before_a_connection(
    names: Names, storage: Scripted, addresses: list[str], network: str
) -> None:
    names |= {GITHUB: [PUBLIC], STORAGE: addresses}
    with pytest.raises(RepositoryError, match=rf"^storage\.example is at {network} address"):
        fetched(client(f"http://{GITHUB}"), at(STORAGE, storage))
    assert storage.asked == []


@pytest.mark.parametrize("number", ["2130706433", "0x7f.1", "127.1"])
def test_other_spellings_of_an_address_are_refused(
    names: Names, storage: Scripted, number: str
) -> None:
    names[GITHUB] = [PUBLIC]
    with pytest.raises(RepositoryError, match=r"127\.0\.0\.1, a loopback address"):
        fetched(client(f"http://{GITHUB}"), at(number, storage))
    assert storage.asked == []


def test_a_redirect_to_such_a_name_is_refused(names: Names) -> None:
    names[STORAGE] = [METADATA]
    away = Told(None, 302, {"Location": f"http://{STORAGE}/latest/meta-data/"})
    with Scripted(lambda _: away) as github:
        http = client(github.url)
        with pytest.raises(RepositoryError, match=f"{METADATA}, a link-local address"):
            fetched(http, f"{github.url}/asset", scheme="Bearer", to_storage=True)


def test_a_storage_beside_a_github_in_the_same_network_is_read(
    names: Names, storage: Scripted
) -> None:
    names |= {GITHUB: ["127.0.0.1"], STORAGE: ["127.0.0.1"]}
    assert fetched(client(f"http://{GITHUB}"), at(STORAGE, storage)) == b'"a file"'


def test_the_configured_github_may_be_at_any_address(names: Names) -> None:
    names[GITHUB] = ["127.0.0.1"]
    with Scripted(lambda _: Told("an answer")) as github:
        url = at(GITHUB, github)
        assert fetched(client(url), url, scheme="Bearer") == b'"an answer"'


def test_the_name_is_resolved_once_so_that_a_second_answer_changes_nothing(
    names: Names, storage: Scripted
) -> None:
    names |= {GITHUB: ["127.0.0.1"], STORAGE: ["127.0.0.1"]}
    fetched(client(f"http://{GITHUB}"), at(STORAGE, storage))
    assert names.resolved.count(STORAGE) == 1


def test_a_name_that_nobody_knows_is_named(names: Names, storage: Scripted) -> None:
    with pytest.raises(UnreachedError, match=r"storage\.example.*no such host is known"):
        fetched(client(f"http://{GITHUB}"), at(STORAGE, storage))


def test_behind_a_proxy_the_proxy_resolves_and_connects(
    names: Names, storage: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", storage.url)
    assert fetched(client(f"http://{GITHUB}"), f"http://{STORAGE}/file") == b'"a file"'
    assert storage.asked == [Asked("/file")]
    assert STORAGE not in names.resolved


def test_tls_verifies_the_name_and_not_the_address(
    names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificate(tmp_path)))
    names |= {GITHUB: ["127.0.0.1"], "localhost": ["127.0.0.1"], STORAGE: ["127.0.0.1"]}
    shown: list[str | None] = []
    context = server_context(tmp_path)
    context.sni_callback = lambda _, name, __: shown.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener, context), daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(RepositoryError, match="certificate"):
            fetched(client(f"https://{GITHUB}"), f"https://{STORAGE}:{port}/file")
    assert shown == [STORAGE]


def _answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    # The client hangs up once it has seen the certificate.
    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1)
