"""Whose an address is does not hang on what follows its host."""

from urllib.parse import urlsplit

import pytest

from repo_backup.net.origins import is_stranger, origin

ADDRESSES = [
    "https://github.com/octo/hello.git/info/refs?service=git-upload-pack",
    "https://github.com",
    "https://github.com?@evil.example/octo",
    "https://github.com#@evil.example/octo",
    "https://user:secret@GitHub.com:8443/octo",
    "https:/\t/evil.example/octo/hello.git",
    "ht\ntps://evil.example\r/octo",
    " https://evil.example/octo",
    "https:///github.com/octo",
    "https:github.com/octo/hello.git",
    "//github.com/octo",
    "https://[::1]:8443/octo",
    "https://github.com\\@evil.example/octo",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_origin_is_that_of_the_whole_address(url: str) -> None:
    whole = urlsplit(url)
    port = whole.port or {"https": 443, "http": 80}.get(whole.scheme)
    assert origin(url) == (whole.scheme, (whole.hostname or "").lower(), port)


@pytest.mark.parametrize("url", ["https://[::1/octo", "https://github.com:port/octo"])
def test_what_is_no_address_has_no_origin(url: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match=r"Invalid IPv6 URL|Port could not be cast"):
            origin(url)


@pytest.mark.parametrize(
    ("url", "github", "expected"),
    [
        ("https://storage.example/file", "https://github.com", False),
        ("http://storage.example/file", "https://github.com", True),
        ("https://169.254.169.254/latest", "https://github.com", True),
        ("https://10.0.0.1/file", "https://github.com", True),
        ("https://[::1]/file", "https://github.com", True),
        ("https://localhost/file", "https://github.com", True),
        ("https://metadata.internal/file", "https://github.com", True),
        ("https://10.0.0.1/file", "https://10.0.0.2", False),
        ("https://169.254.169.254/latest", "https://10.0.0.2", True),
        ("https://127.0.0.1/file", "https://10.0.0.2", True),
        ("http://127.0.0.1:2/file", "http://127.0.0.1:1", False),
        ("https://[broken", "https://github.com", True),
    ],
)
def test_a_storage_at_a_private_address_is_asked_only_where_github_has_one(
    url: str, github: str, expected: bool
) -> None:
    assert is_stranger(url, {origin(github)}, of_storage=True) is expected
    assert is_stranger(url, {origin(github)}, of_storage=False)
