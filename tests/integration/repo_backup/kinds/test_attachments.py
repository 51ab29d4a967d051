"""Attachments by the real program: from the stand-in's unkind site to a restored folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, TokenRights
from local_cloud.github.data import Editor
from local_cloud.github.data.model import Attachment
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination

ID = "8c5a6b2e-0000-4000-8000-1234567890ab"
IMAGE, FILE = f"/user-attachments/assets/{ID}", "/user-attachments/files/7/report.pdf"
STORAGE, SIGNED = "/attachment-files/", "/private-user-images/"
PNG, PDF = b"\x89PNG" * 5000, b"%PDF" * 5000


def attach(hub: GitHubStandIn, name: str, *files: Attachment) -> None:
    """Link to these files from an issue."""
    number = hub.catalogue.repositories[name].id
    for each in files:
        hub.data.attachments[each.path] = each
    links = " ".join(f"![]({hub.api_url}{each.path})" for each in files)
    Editor(hub.data, hub.data.of(number)).create_issue("With files", f"See {links}")


def image(hub: GitHubStandIn, private: str = "") -> Attachment:
    repository = hub.catalogue.repositories[private].id if private else None
    return Attachment(hub.data.new_id(), IMAGE, PNG, repository=repository)


def pdf(hub: GitHubStandIn, private: str = "") -> Attachment:
    repository = hub.catalogue.repositories[private].id if private else None
    return Attachment(hub.data.new_id(), FILE, PDF, "application/pdf", repository)


def backup(destination: Destination, name: str, *more: str, run_id: str = "r1") -> tuple[int, Any]:
    only = ("--include", name, "--kinds", "data", "--no-drill", *more)
    code = destination.backup(*only, run_id=run_id, data=True)
    return code, destination.entry(name, run_id)["data"]


def asked(hub: GitHubStandIn, prefix: str) -> list[tuple[int, str | None]]:
    """Status and credentials of each request below a path."""
    return [(e.status, e.authorization) for e in hub.requests if e.path.startswith(prefix)]


def test_public_ones_are_saved_without_a_token_verified_and_restored(
    destination: Destination, hub: GitHubStandIn, tmp_path: Path
) -> None:
    attach(hub, "octo/hello", image(hub), pdf(hub))
    more = ("--include", "hello", "--kinds", "data")
    assert destination.backup(*more, data=True) == 0
    found = destination.entry("hello", "r1")["data"]
    assert found["attached"] == {"count": 2, "saved": 2, "saved_bytes": len(PNG) + len(PDF)}
    assert "attachments" not in found
    assert asked(hub, "/user-attachments/") == [(302, None)] * 2
    assert asked(hub, STORAGE) == [(200, None)] * 2

    source = ("--source", str(destination.root))
    assert main(["verify", "--all", *source]) == 0
    assert main(["restore", "octo/hello", "--data", *source, "--into", str(tmp_path / "out")]) == 0
    (listed,) = (tmp_path / "out/hello.data/attachments").glob("*.json")
    entries = json.loads(listed.read_bytes())["attachments"]
    contents = {
        each["url"]: (listed.with_suffix("") / each["file"]).read_bytes() for each in entries
    }
    assert contents == {hub.api_url + IMAGE: PNG, hub.api_url + FILE: PDF}
    index = json.loads((tmp_path / "out/hello.data/index.json").read_bytes())
    assert index["attachments"] == found["attached"]


def test_a_classic_token_goes_to_the_site_and_not_to_its_storage(
    destination: Destination, hub: GitHubStandIn
) -> None:
    attach(hub, "octo/secret", image(hub, "octo/secret"), pdf(hub, "octo/secret"))
    assert backup(destination, "secret")[1]["attached"]["saved"] == 2
    assert asked(hub, "/user-attachments/") == [(302, "Bearer")] * 2
    assert asked(hub, STORAGE) == [(200, None)] * 2


def test_of_a_fine_grained_token_images_are_saved_by_signed_addresses_and_files_named(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(None)
    attach(hub, "octo/secret", image(hub, "octo/secret"), pdf(hub, "octo/secret"))
    code, found = backup(destination, "secret")
    size = len(PNG)
    expected = {"count": 2, "saved": 1, "saved_bytes": size, "refused": {"not-found": 1}}
    assert (code, found["attached"], found["attachments"]) == (0, expected, 1)
    assert asked(hub, "/user-attachments/") == [(404, "Bearer")] * 2
    assert asked(hub, SIGNED) == [(200, None)]
    assert len(asked(hub, "/markdown")) == 1
    stored = b"".join(each.read_bytes() for each in destination.root.rglob("*") if each.is_file())
    assert b"jwt=" not in stored


def test_a_page_to_sign_in_is_named_and_never_stored(
    destination: Destination, hub: GitHubStandIn
) -> None:
    page = pdf(hub)
    page.is_page = True
    attach(hub, "octo/hello", page, image(hub, "octo/secret"))
    code, found = backup(destination, "hello")
    assert (code, found["attached"]["refused"]) == (0, {"sign-in": 2})
    # That of another, private repository was asked for without a token.
    assert {each[1] for each in asked(hub, "/user-attachments/")} == {None}
    assert not (destination.root / "objects").exists()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FILE, status=500),
        Fault(STORAGE + "*", "reset", after_bytes=100),
    ],
    ids=["error", "reset"],
)
def test_what_fails_is_named_partial_and_tried_again(
    destination: Destination, hub: GitHubStandIn, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repo_backup.runtime.retry.FIRST_DELAY_SECONDS", 0.0)
    attach(hub, "octo/hello", pdf(hub))
    hub.faults.add(fault)
    code, found = backup(destination, "hello")
    assert code == 3
    assert f"1 attachment could not be saved: {FILE}: " in found["reason"]
    hub.faults.clear()
    assert backup(destination, "hello", run_id="r2")[0] == 0


@pytest.mark.parametrize(
    "where",
    ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "https://[broken"],
)
def test_a_redirect_to_nowhere_is_refused(
    destination: Destination, hub: GitHubStandIn, where: str
) -> None:
    attach(hub, "octo/hello", pdf(hub))
    hub.faults.add(Fault(FILE, status=302, headers={"Location": where}))
    code, found = backup(destination, "hello")
    assert (code, found["attached"]["refused"]) == (0, {"refused": 1})


def test_without_attachments_the_site_is_not_asked(
    destination: Destination, hub: GitHubStandIn
) -> None:
    attach(hub, "octo/hello", pdf(hub))
    code, found = backup(destination, "hello", "--no-attachments")
    assert (code, found["attached"]["refused"]) == (0, {"not-tried": 1})
    assert asked(hub, "/user-attachments/") == []
