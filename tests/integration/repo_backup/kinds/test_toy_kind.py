"""A further kind is its module and a line of each registry: everything else takes it as it comes.

The tests register a kind that is no git, and run the real program, the judge, the mail and the
page; no other module knows of it.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from backup_contract import kinds as names
from backup_contract.documents.date_marker import read_marker
from backup_contract.documents.manifest import Manifest
from backup_contract.judgement.verdict import Kind, judge
from local_cloud.github import Edit, GitHubStandIn
from repo_backup.cli.main import main
from repo_backup.health.status import assess
from repo_backup.kinds import registry
from repo_backup.kinds.base import Kind as BackedUp
from repo_backup.page.render import payload, render
from repo_backup.page.run_history import read
from repo_backup.page.view_model import Page, build_page
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.directory import DirectoryStore
from reporter.decide.next_step import Ending
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.kinds.toy import NAMES, Notes
from tests.unit.reporter.publish.samples import SAMPLES

CHOSEN = ("--include", "hello", "--include", "no-wiki", "--include", "secret")
KEY = "github_backups/octo/hello~note.zip"


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """The kind, registered, and the notes at its host."""
    kind = Notes({"octo/hello": "remember the milk", "octo/secret": "never fetched"})
    monkeypatch.setitem(names.KINDS, NAMES.name, NAMES)
    registered: BackedUp = kind
    monkeypatch.setitem(registry.KINDS, NAMES.name, registered)
    return kind


def state(destination: Destination, run_id: str) -> Any:
    return destination.entry("hello", run_id)["note"]["state"]


def mail(destination: Destination, run_id: str, previous: str = "") -> tuple[Kind, str]:
    """The verdict on a run, and the mail's text, by the reporter's rules."""
    runs = destination.root / "runs"
    data = (runs / run_id / "manifest.json").read_bytes()
    manifest = Manifest.from_json(data)
    markers = [read_marker(each.name, each.read_bytes()) for each in destination.markers()]
    (marker,) = [each for each in markers if each and each.run_id == run_id]
    digest = sha256(data).hexdigest()
    verdict = judge(Ending.COMPLETED, "So.", run_id, marker, manifest, digest, [], [])
    facts = replace(SAMPLES["Verified"], verdict=verdict, manifest=manifest, previous=None)
    if previous:
        before = Manifest.from_json((runs / previous / "manifest.json").read_bytes())
        facts = replace(facts, previous=before)
    return verdict.kind, as_text(summary(facts))


def page(destination: Destination) -> Page:
    store, now = DirectoryStore(destination.root), datetime.now(UTC)
    found = assess(store, 5, now, None)
    return build_page(read(store), "x", now, found.judgement)


def spoken(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a command prints as JSON."""
    capsys.readouterr()
    main([*words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_further_kind_is_backed_up_and_drilled_and_unchanged_until_it_changes(
    destination: Destination, notes: Notes
) -> None:
    assert destination.backup("--include", "hello") == 0
    hello, manifest = destination.entry("hello"), destination.manifest()
    assert (hello["note"]["state"], hello["note"]["archive"]["key"]) == ("backed-up", KEY)
    assert hello["note"]["archive"]["drilled_at"]
    assert KEY in {each["key"] for each in manifest["drill"]["checked"] if each["ok"]}
    assert manifest["totals"]["notes"] == 1

    assert destination.backup(*CHOSEN, "--no-drill", run_id="r2") == 0
    assert state(destination, "r2") == "unchanged"
    assert destination.entry("no-wiki", "r2")["note"]["state"] == "absent"
    assert "note" not in destination.entry("secret", "r2")

    notes.texts["octo/hello"] = "and bread"
    assert destination.backup(*CHOSEN, "--no-drill", run_id="r3") == 0
    assert state(destination, "r3") == "backed-up"
    assert destination.backup(*CHOSEN, "--no-drill", "--no-notes", run_id="r4") == 0
    left_out = destination.entry("hello", "r4")["note"]
    assert (left_out["reason"], left_out["archive"]["key"]) == ("--no-notes", KEY)


def test_a_further_kind_is_listed_verified_and_restored(
    destination: Destination, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = spoken(
        capsys,
        *("backup", "--owner", "octo", "--destination", str(destination.root)),
        *("--include", "hello", "--dry-run", "--no-data"),
    )
    (row,) = [each for each in planned["repositories"] if each["would_be"] == "fetched"]
    assert row["further_would_be"] == {"wiki": "fetched", "note": "fetched"}
    destination.backup("--include", "hello", "--no-drill")
    source = ("--source", str(destination.root))
    listed = spoken(capsys, "list", *source)["archives"]
    assert [(e["repository"], e["kind"]) for e in listed if e["key"] == KEY] == [
        ("octo/hello", "note")
    ]
    checked = spoken(capsys, "verify", "--all", *source)
    assert (checked["checked"], checked["bad"]) == (3, 0)
    into, target = tmp_path / "into", tmp_path / "target"
    assert main(["restore", "octo/hello", "--note", *source, "--into", str(into)]) == 0
    assert (into / "hello.note" / "note.txt").read_text() == "remember the milk"
    assert f"cat {into}" in capsys.readouterr().out
    target.mkdir()
    push = ["restore", "octo/hello", "--note", *source, "--push-to", str(target)]
    assert main(push) == 0
    assert (target / "note.txt").read_text() == "remember the milk"
    assert main(push) == 1
    (destination.root / "runs/r1/manifest.json").unlink()
    assert main(["restore", "octo/hello", "--note", *source, "--into", str(tmp_path / "2")]) == 0


def test_mail_and_page_call_a_further_kind_by_its_names(
    destination: Destination, notes: Notes
) -> None:
    destination.backup(*CHOSEN, "--no-drill")
    kind, text = mail(destination, "r1")
    assert kind is Kind.VERIFIED
    assert "\n1 note (1 backed up)\n" in text
    row = next(each for each in page(destination).repositories if each.name == "octo/hello")
    assert row.further_bytes["note"] == destination.entry("hello")["note"]["archive"]["bytes"]

    notes.trouble = RepositoryError("the notes are on fire")
    assert destination.backup(*CHOSEN, "--no-drill", run_id="r2") == 3
    kind, text = mail(destination, "r2")
    assert kind is Kind.PARTIAL
    assert "octo/hello.note: the notes are on fire" in text
    shown = page(destination)
    row = next(each for each in shown.repositories if each.name == "octo/hello")
    assert (row.status.word, row.reason) == (
        "wiki or project data or LFS list or note failed",
        "note: the notes are on fire",
    )
    titles = [each.title for each in shown.concerns]
    assert "2 repositories backed up without their notes" in titles
    assert not any("wikis" in title for title in titles)
    assert ["note", "note", "--note"] in payload(shown)["kinds"]
    assert b"without their notes" in render(shown)


def test_what_is_kept_of_a_further_kind_is_named_for_removal_when_its_repository_is_gone(
    destination: Destination, hub: GitHubStandIn
) -> None:
    destination.backup(*CHOSEN, "--no-drill")
    Edit("delete", "octo/hello").apply(hub.catalogue)
    assert destination.backup(*CHOSEN, "--no-drill", run_id="r2") == 0
    kept = {each["key"]: each for each in destination.manifest("r2")["kept_further"]}
    assert kept[KEY]["kind"] == "note"
    _, text = mail(destination, "r2", previous="r1")
    assert f"s3 rm s3://{SAMPLES['Verified'].bucket}/github_backups/octo/ --recursive" in text
    assert "--include 'hello~note.zip' --include 'hello~note+*'" in text
    assert (
        main(
            [
                "restore",
                "octo/hello",
                "--note",
                "--source",
                str(destination.root),
                "--into",
                str(destination.root.parent / "into"),
            ]
        )
        == 0
    )
