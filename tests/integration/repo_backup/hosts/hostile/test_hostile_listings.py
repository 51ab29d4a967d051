"""What a listing may try: it costs only its repository, or ends the run with an error."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import git
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.hosts.hostile.attacks import REFS, outcome

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ext::sh -c 'touch pwned'",
        "http://169.254.169.254/latest/meta-data.git",
        "https://github.com.evil.example/octo/evil.git",
        "http://user:pass@evil.example/octo/evil.git",
        "ssh://git@github.com/octo/evil.git",
        "//evil.example/octo/evil.git",
        "http://[::1/octo/evil.git",
        "http://127.0.0.1:99999/octo/evil.git",
        "--upload-pack=touch pwned",
        "",
    ],
)
def test_an_address_of_another_host_or_scheme_is_not_asked(
    destination: Destination, hub: GitHubStandIn, evil: Path, url: str
) -> None:
    _listing_with(hub, clone_url=url)
    assert "is not an address of the GitHub that is backed up" in outcome(destination)


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "x\ny", "\x1b[2J", "x" * 101, "é", ""])
def test_an_unsafe_name_costs_only_its_repository(
    destination: Destination, hub: GitHubStandIn, evil: Path, name: str
) -> None:
    _listing_with(hub, name=name)
    destination.backup("--no-wikis", "--no-drill")
    failed = [each for each in destination.manifest()["repositories"] if each["state"] == "failed"]
    assert [each["reason"] for each in failed] == ["its name is unsafe and not a valid GitHub name"]
    assert all(each["name"].isprintable() for each in failed)
    assert destination.states()["hello"] == "backed-up"


@pytest.mark.parametrize("name", [".git", "-rf", "a.wiki", "CON", "x.git", "..a", "--help"])
def test_an_odd_name_is_backed_up_and_restored(
    destination: Destination, hub: GitHubStandIn, evil: Path, name: str, tmp_path: Path
) -> None:
    del hub.catalogue.repositories["octo/evil"]
    hub.catalogue.add(Repository(66, "octo", name))
    evil.rename(evil.with_name(f"{name}.git"))
    assert destination.backup("--only", f"octo/{name}", "--no-wikis") == 0
    restored = destination.restored(name, destination.root / "restored")
    assert git(restored, "show", "main:README") == "harmless"


def test_a_repository_named_like_a_wiki_does_not_take_the_wikis_place(
    destination: Destination, hub: GitHubStandIn, evil: Path
) -> None:
    _listing_with(hub, name="hello.wiki", has_wiki=False)
    assert destination.backup("--only", "hello*", "--no-drill") == 0
    wiki = destination.entry("hello")["wiki"]["archive"]
    other = destination.entry("hello.wiki")["archive"]
    assert wiki["key"] == "github_backups/octo/hello.wiki.zip"
    assert other["key"].startswith("github_backups/octo/hello.wiki~")


@pytest.mark.parametrize(
    "fields",
    [{"id": "x"}, {"id": float("inf")}, {"owner": None}, {"owner": []}, {"size": 10**400}],
    ids=["id", "infinite", "no-owner", "list", "huge"],
)
def test_a_listing_of_something_else_is_an_error_of_the_run_and_no_crash(
    destination: Destination, hub: GitHubStandIn, evil: Path, fields: dict[str, Any]
) -> None:
    _listing_with(hub, **fields)
    assert destination.backup("--only", "hello", "--no-drill") in (0, 1)


def _listing_with(hub: GitHubStandIn, **fields: Any) -> None:
    """Let the API list octo's repositories, evil with these fields instead of the true ones."""
    base = {"private": False, "fork": False, "archived": False, "has_wiki": False, "size": 1}
    listed = [
        {
            **base,
            "id": each.id,
            "name": each.name,
            "owner": {"login": each.owner},
            "clone_url": f"{hub.api_url}/{each.full_name}.git",
            "has_wiki": each.has_wiki,
            **(fields if each.name == "evil" else {}),
        }
        for each in hub.catalogue.visible("octo", "octo")
    ]
    body = json.dumps(listed).encode()
    hub.faults.add(Fault("/user/repos", status=200, body=body))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"[" * 200_000),
        ({}, b'{"repositories": 5}'),
        ({}, b"[5]"),
        ({}, b"\xff\xfe"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b" " * (64 << 20))),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Link": '<http://[/x>; rel="next"'}, b"[]"),
        ({"Link": '<file:///etc/passwd>; rel="next"'}, b"[]"),
    ],
    ids=["deep", "no-list", "numbers", "no-text", "bomb", "no-gzip", "no-link", "file-link"],
)
def test_a_page_that_is_none_is_an_error_of_the_run_and_no_crash(
    destination: Destination,
    hub: GitHubStandIn,
    headers: dict[str, str],
    body: bytes,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hub.faults.add(Fault("/user/repos", status=200, headers=headers, body=body))
    assert destination.backup("--no-drill") == 1
    assert "Traceback" not in capfd.readouterr().err
    assert destination.markers() == []


def test_pages_without_end_are_left(destination: Destination, hub: GitHubStandIn) -> None:
    link = {"Link": f'<{hub.api_url}/user/repos?page=2>; rel="next"'}
    hub.faults.add(Fault("/user/repos", status=200, headers=link, body=b"[]"))
    assert destination.backup("--no-drill") == 1
    assert len(hub.requests) < 10


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "²"},
        {"Retry-After": "9" * 5000},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "³"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 5000},
    ],
    ids=["odd-after", "long-after", "odd-reset", "long-reset"],
)
def test_an_absurd_rate_limit_is_no_crash(
    destination: Destination, hub: GitHubStandIn, evil: Path, headers: dict[str, str]
) -> None:
    hub.faults.add(Fault(REFS, status=403, headers=headers))
    assert "refuses" in outcome(destination)
