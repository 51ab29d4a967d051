"""A proxy's address is read as curl and git read it, and its password shown to nobody."""

import base64

import pytest

from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.proxy import proxy_from
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import UnreachedError, UsageError


def _basic(text: str) -> dict[str, str]:
    return {"Proxy-Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    ("text", "url", "headers"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128", {}),
        ("proxy.example:3128", "http://proxy.example:3128", {}),
        ("https://proxy.example", "https://proxy.example:443", {}),
        ("http://[::1]:3128/", "http://[::1]:3128", {}),
        ("http://octo:pass@proxy.example", "http://proxy.example:80", _basic("octo:pass")),
        ("octo:p%40ss%3a%C3%A9@proxy:81", "http://proxy:81", _basic("octo:p@ss:é")),
        ("http://octo@proxy:81", "http://proxy:81", _basic("octo:")),
    ],
)
def test_an_address_with_its_credentials(text: str, url: str, headers: dict[str, str]) -> None:
    found = proxy_from({"HTTPS_PROXY": text})
    assert found
    assert (found.url, found.headers) == (url, headers)
    assert "Basic" not in repr(found)


@pytest.mark.parametrize(
    "text", ["socks5://octo:secret@proxy:1080", "http://octo:secret@", "http://octo:secret@p:x"]
)
def test_an_address_that_is_no_http_proxy_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError, match="https_proxy: name an HTTP proxy") as caught:
        proxy_from({"https_proxy": text})
    assert "secret" not in str(caught.value)


def test_without_one_there_is_none() -> None:
    assert proxy_from({"https_proxy": "", "PATH": "/bin"}) is None


def test_a_proxy_that_does_not_answer_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    gate = RateLimitGate(CancellationToken())
    http = Http(Token(None), gate, stall_seconds=1, connections=1)
    http.trust("https://api.github.test")
    unreached = pytest.raises(UnreachedError, match=r"the proxy does not answer.*https_proxy")
    with unreached, http.open("GET", "https://api.github.test/user", "Bearer"):
        pass
