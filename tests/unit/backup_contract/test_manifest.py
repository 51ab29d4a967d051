"""What a manifest must be to be read; and what is read, every command can work with."""

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain
from backup_contract.documents.date_marker import Marker
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
    OrphanedArchive,
    Unserved,
    by_kind,
)
from backup_contract.documents.parts.data_state import DataState, LackingSection
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.verdict import judge as judge_run
from backup_contract.kinds import DATA, GIT, WIKI
from repo_backup.cli.display import print_summary
from repo_backup.health.status import assess
from repo_backup.page import run_history as run_history
from repo_backup.page.view_model import build_page
from repo_backup.restore import catalogue as restore
from repo_backup.run.previous_runs import History
from repo_backup.store.directory import DirectoryStore
from reporter.decide.next_step import Ending
from reporter.observe.summary import Summary
from reporter.publish.run_report import run_report
from tests.unit.reporter.publish.samples import SAMPLES

NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
FIRST = "repositories[0]"
ARCHIVE = f"{FIRST}.archive"
MARKER = Marker("github_backups/2026-11-27-17-09.txt", "r1", 1, "0" * 64)
SAMPLE = SAMPLES["Verified"]
UNDER_WAY = "2026-11-27T17-00-00Z"
LACKING = LackingSection("issues", "under-way", "the hour's requests are used up", 12, 50)
TOO_MANY_DIGITS = int("9" * 400)


def one_of_everything() -> Any:
    """A manifest with one of everything, as the program writes it."""
    archive = Archive(
        layout.archive("octo", "hello"),
        10,
        "0" * 64,
        "r1",
        {"algorithm": "CRC32", "type": "FULL_OBJECT", "value": "AAAAAA=="},
        "v",
        '"e"',
        "2026-11-27T17:00:30Z",
        ("malformed history: badDate (1)",),
    )
    former = replace(archive, key=layout.archive("octo", "former"))
    wiki = ItemResult("unchanged", archive=replace(archive, key=layout.archive("octo", "h", WIKI)))
    unserved = Unserved("0" * 64, "upstream cannot serve refs/heads/x", "nor refs/pull/1/head")
    state = DataState("5" * 32, 7, 3, "2026-11-01T00:00:00Z", None, (LACKING,), 4)
    data_archive = replace(archive, key=layout.archive("octo", "hello", DATA), remarks=())
    data = ItemResult("backed-up", archive=data_archive, data=state)
    results = by_kind(ItemResult("backed-up", archive=archive, unserved=unserved), wiki)
    results[DATA] = data
    entry = Entry(1, "octo", "hello", True, False, False, results)
    kept = OrphanedArchive(former.key, 2, "octo", "former", GIT, ItemResult("kept", archive=former))
    gone = OrphanedArchive(
        "github_backups/octo/gone.zip", 3, "octo", "gone", WIKI, ItemResult("kept")
    )
    checked = DrilledArchive(archive.key, None, "short", ("r",), 1.5, large_files=True)
    drill = Drill((checked,), archives=1, never_drilled=0)
    manifest = Manifest(
        "r1", 1, ["octo"], NOW, by_identity([entry]), 1, NOW, True, None, drill, kept=[kept]
    )
    manifest.kept = [kept, gone]
    return json.loads(manifest.to_json())


def _changed(path: str, value: object) -> bytes:
    """The document with one field changed; ``a.b[0]`` is a path."""
    document = container = one_of_everything()
    *outer, last = path.replace("[", ".").replace("]", "").split(".")
    for name in outer:
        container = container[int(name)] if name.isdigit() else container[name]
    container[int(last) if last.isdigit() else last] = value
    return json.dumps(document).encode()


DAMAGES: list[tuple[str, object]] = [
    ("schema", 2),
    ("schema", True),
    ("run_id", None),
    ("run_id", "x\n\u001b[2K"),
    ("run_id", "../x"),
    ("attempt", "x"),
    ("attempt", -1),
    ("attempt", 1.5),
    ("owners", None),
    ("owners", "octo"),
    ("owners", [None]),
    ("owners", ["\ud800"]),
    ("only", None),
    ("errors", {}),
    ("notices", None),
    ("started_at", "2026-11-27T17:00:00"),
    ("started_at", "0001-01-01T00:00:00+23:59"),
    ("started_at", "9999-12-31T23:59:59-23:59"),
    ("started_at", "0999-01-01T00:00:00Z"),
    ("started_at", 5),
    ("finished_at", "yesterday"),
    ("finished_at", None),
    ("complete", "yes"),
    ("token_expires_at", 3),
    ("totals", None),
    ("totals.listed", -1),
    ("totals.bytes_stored", -1e308),
    ("totals.bytes_uploaded", TOO_MANY_DIGITS),
    ("drill", []),
    ("drill.ok", None),
    ("drill.ok", False),
    ("drill.checked", {}),
    ("drill.checked[0]", None),
    ("drill.checked[0].ok", 1),
    ("drill.checked[0].large_files", 1),
    ("drill.checked[0].key", 1),
    ("drill.checked[0].seconds", float("nan")),
    ("drill.never_drilled", float("inf")),
    ("repositories", {}),
    (FIRST, None),
    (f"{FIRST}.host", 1),
    (f"{FIRST}.id", True),
    (f"{FIRST}.id", 2**63),
    (f"{FIRST}.owner", None),
    (f"{FIRST}.name", "\udfff"),
    (f"{FIRST}.private", 0),
    (f"{FIRST}.asked", "no"),
    (f"{FIRST}.state", None),
    (f"{FIRST}.state", "Backed up"),
    (f"{FIRST}.reason", []),
    (f"{FIRST}.warnings", "w"),
    (f"{FIRST}.warnings", [1]),
    (f"{FIRST}.refs", 1e400),
    (f"{FIRST}.seconds", float("-inf")),
    (f"{FIRST}.seconds", 1e300),
    (f"{FIRST}.lfs", None),
    (f"{FIRST}.wiki", []),
    (f"{FIRST}.unserved", []),
    (f"{FIRST}.unserved.upstream_digest", None),
    (f"{FIRST}.unserved.reason", 1),
    (f"{FIRST}.wiki.archive.bytes", "1"),
    (ARCHIVE, "x"),
    (f"{ARCHIVE}.bytes", TOO_MANY_DIGITS),
    (f"{ARCHIVE}.bytes", -1),
    (f"{ARCHIVE}.sha256", "0"),
    (f"{ARCHIVE}.run_id", ""),
    (f"{ARCHIVE}.checksum", "CRC32"),
    (f"{ARCHIVE}.checksum", {"value": 1}),
    (f"{ARCHIVE}.checksum", {"algorithm": "CRC32"}),
    (f"{ARCHIVE}.version_id", 1),
    (f"{ARCHIVE}.etag", {}),
    (f"{ARCHIVE}.drilled_at", "2026-11-27T17:00:00"),
    (f"{ARCHIVE}.remarks", None),
    ("kept", {}),
    ("kept[0].key", "../../../etc/ssl/x"),
    ("kept[0].wiki", None),
    ("kept[0].archive.key", "github_backups/octo/hello.zip"),
    ("kept[1].id", "x"),
]
BAD_KEYS = (
    *("", "/", "/etc/ssl/x", "runs/lock.json", "github_backups", "github_backups/"),
    *("github_backups//x", "github_backups/./x", "github_backups/octo/../../../etc/x"),
    *("github_backups/octo/..", "github_backups/octo/x/", "github_backups/octo\\x"),
    *("github_backups/o/\0", "github_backups/o/\x1b[2K", "github_backups/o/\u202ex", "\ud800"),
    *("github_backups/" + "x" * 256, "github_backups/" + "x/" * 600 + "x", "../github_backups/x"),
)
DAMAGES += [(f"{ARCHIVE}.key", key) for key in BAD_KEYS]


@pytest.mark.parametrize(("path", "value"), DAMAGES)
def test_a_damaged_field_is_named(path: str, value: object) -> None:
    with pytest.raises(ValueError) as raised:
        Manifest.from_json(_changed(path, value))
    assert str(raised.value).startswith(path)
    assert str(raised.value).isprintable()


def test_an_id_that_two_repositories_have_is_refused() -> None:
    document = one_of_everything()
    document["repositories"] *= 2
    with pytest.raises(ValueError, match="the same id twice"):
        Manifest.from_json(json.dumps(document).encode())


def test_archives_are_refused_whose_sum_no_later_run_could_write() -> None:
    with pytest.raises(ValueError, match=r"^totals would be 2\^63 bytes"):
        Manifest.from_json(_changed(f"{ARCHIVE}.bytes", 2**63 - 20))


@pytest.mark.parametrize(
    "path",
    [
        *("run_id", "started_at", "owners", "repositories", "totals", "drill"),
        *(f"{FIRST}.archive", f"{FIRST}.wiki", f"{FIRST}.state", f"{ARCHIVE}.key", "kept[0].key"),
    ],
)
def test_a_field_that_is_missing_is_named(path: str) -> None:
    document = container = one_of_everything()
    *outer, last = path.replace("[", ".").replace("]", "").split(".")
    for name in outer:
        container = container[int(name)] if name.isdigit() else container[name]
    del container[last]
    with pytest.raises(ValueError) as raised:
        Manifest.from_json(json.dumps(document).encode())
    assert str(raised.value) == f"{path} is missing"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"schema": 1, "x": ' + b'{"x": ' * 100_000, "it is nested too deeply"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "a number of too many digits"),
        (b"\xff\xfe{\0}\0", "it is not UTF-8"),
        (b'{"owners": ["\xed\xa0\x80"]}', "it is not UTF-8"),
        (_changed("unknown", float("nan")), "it is not JSON: it holds NaN"),
        (_changed("drill.unknown", float("inf")), "it is not JSON: it holds Infinity"),
        (json.dumps(one_of_everything()).encode("utf-16"), "it is not UTF-8"),
    ],
)
def test_what_is_no_document_at_all_is_told(data: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Manifest.from_json(data)


def test_a_document_of_too_many_values_is_refused_unread() -> None:
    data = b'{"schema": 2, "a": [[], [], [], [], [], [], []]}'
    with pytest.raises(DamagedError, match="more than 10 values"):
        Manifest.from_json(data, most_values=10)
    with pytest.raises(DamagedError, match="schema 2 is unknown"):
        Manifest.from_json(data, most_values=20)


def test_a_damaged_document_is_named_with_its_field() -> None:
    with pytest.raises(DamagedError) as raised:
        Manifest.from_json(_changed("attempt", -1))
    output = "runs/r1/manifest.json is damaged: attempt is not a whole number from 0 to 2^63 - 1."
    assert str(raised.value.within("runs/r1/manifest.json")) == output


def test_a_host_is_written_only_where_it_is_another_and_may_have_the_same_ids() -> None:
    manifest = Manifest.from_json(json.dumps(one_of_everything()).encode())
    assert b'"host"' not in manifest.to_json()
    (entry,) = manifest.entries.values()
    elsewhere = replace(entry, host="git.example.org")
    manifest.entries = by_identity([entry, elsewhere])
    again = Manifest.from_json(manifest.to_json())
    assert again.entries == {("github.com", 1): entry, ("git.example.org", 1): elsewhere}


UNKNOWN = {"a": [None, {"b": -1}], "c": "\ud800"}


@pytest.mark.parametrize(
    "path", ["", "totals.", f"{FIRST}.", f"{FIRST}.wiki.", f"{ARCHIVE}.", "kept[0].", "drill."]
)
def test_a_field_of_a_later_version_is_ignored(path: str) -> None:
    plain = Manifest.from_json(json.dumps(one_of_everything()).encode())
    assert Manifest.from_json(_changed(f"{path}of_a_later_version", UNKNOWN)) == plain


@pytest.mark.parametrize("kind", [GIT, WIKI, DATA])
def test_a_state_of_a_later_version_is_no_success_and_keeps_its_archive(kind: str) -> None:
    path = FIRST if kind == GIT else f"{FIRST}.{kind}"
    (entry,) = Manifest.from_json(_changed(f"{path}.state", "half-saved")).entries.values()
    assert entry.failed
    assert len(entry.archives) == 3
    failed = entry.results[kind]
    assert (failed.state, failed.reason) == ("failed", "its state half-saved is unknown")


def test_what_an_earlier_version_did_not_write_is_not_missed() -> None:
    document = one_of_everything()
    for name in ("kept", "only", "notices", "errors"):
        del document[name]
    (entry,) = document["repositories"]
    del entry["archive"]["remarks"]
    document["token_expires_at"] = "2026-12-20 17:00:00 UTC"
    manifest = Manifest.from_json(json.dumps(document).encode())
    assert (manifest.kept, manifest.only, manifest.notices) == (None, [], [])
    (entry,) = manifest.entries.values()
    assert entry.asked


REPORT = RunReport(
    "partial", "why", NOW, problems=("octo/hello: gone",), repositories={"failed": 1}
)
PROGRESS = Progress(1, "backing-up", 1, 2, run_id=UNDER_WAY, updated_at=NOW)


def _every_command(
    data: bytes,
    report: bytes = json.dumps(REPORT.document).encode(),
    progress: bytes = PROGRESS.to_json(),
) -> None:
    """What every command, the reporter, its mail and its report make of these documents."""
    manifest = Manifest.from_json(data)
    assert Manifest.from_json(manifest.to_json()).totals == manifest.totals
    with tempfile.TemporaryDirectory() as directory:
        store = DirectoryStore(Path(directory))
        store.write(layout.manifest("r1"), data)
        store.write(layout.report("r1"), report)
        store.write(layout.progress(UNDER_WAY), progress)
        store.write("github_backups/octo/hello.zip", b"x" * 10)
        History.load(store, "r2", ["octo"])
        assessed = assess(store, 5, NOW, None)
        restore.archive_listings(store)
        restore.RecordedResults(store).of("github_backups/octo/hello.zip", "0")
        found = run_history.read(store)
        assert found.unreadable == ()
        build_page(found, directory, NOW, assessed.judgement, assessed.under_way)
        print_summary(manifest)
    digest = MARKER.manifest_sha256
    verdict = judge_run(Ending.COMPLETED, "", "r1", MARKER, manifest, digest, [], [])
    facts = replace(SAMPLE, verdict=verdict, manifest=manifest, cost=None, previous=manifest)
    assert Summary.of(facts).message.subject
    assert RunReport.from_json(json.dumps(run_report(facts).document).encode())


NAMES = ("", "x" * 300, "\u202e", "\0", "٣", "\n", "half-saved", "skipped", "absent", "kept", "r1")
DATES = ("9999-12-31T23:59:59Z", "1970-01-01T00:00:00+00:00", "2026-11-27T17:00:00-05:00")
ODD: dict[type, tuple[object, ...]] = {
    bool: (True, False),
    int: (0, 1, 999, 2**62, 2**63 - 1),
    float: (0, 0.5, 1e18, 5e-324),
    str: (*NAMES, *DATES, "github_backups/octo/x.zip", "github_backups/x", "0" * 64),
    list: ([], ["x", ""]),
    dict: ({}, {"x": "y"}),
    type(None): ("x", *DATES),
}


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, Any]] = []
    for key, inner in pairs:
        found.append((value, key))
        found += _places(inner) if isinstance(inner, dict | list) else []
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_read_every_command_can_work_with(data: st.DataObject) -> None:
    _read_and_work_with(data)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_read_every_command_can_work_with_whatever_it_is(data: st.DataObject) -> None:
    _read_and_work_with(data)


def _read_and_work_with(data: st.DataObject) -> None:
    """Documents with up to three odd values are refused, or every command can work with them."""
    documents = [one_of_everything(), REPORT.document, json.loads(PROGRESS.to_json())]
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(
            st.sampled_from([each for document in documents for each in _places(document)])
        )
        container[key] = data.draw(st.sampled_from((*ODD[type(container[key])], None)))
    manifest, report, progress = (json.dumps(each).encode() for each in documents)
    try:
        Manifest.from_json(manifest)
        RunReport.from_json(report)
        Progress.from_json(progress)
    except DamagedError:
        return
    _every_command(manifest, report, progress)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{ARCHIVE}.bytes", 2**63 - 31),
        ("started_at", "1970-01-01T00:00:00Z"),
        ("finished_at", "9999-12-31T23:59:59Z"),
        (f"{FIRST}.archive", None),
        (f"{FIRST}.state", "kept"),
        (f"{FIRST}.state", "absent"),
        (f"{FIRST}.name", "\u202e\n\0"),
        (f"{FIRST}.seconds", 1e18),
        ("drill", None),
        ("owners", []),
        ("repositories", []),
    ],
)
def test_what_is_just_within_bounds_every_command_can_work_with(path: str, value: object) -> None:
    _every_command(_changed(path, value))


def test_ten_thousand_repositories_with_overlays_and_project_data_take_20_mb() -> None:
    sha256, run_id = "0" * 64, "2026-11-27T17-00-00Z"
    checksum = {"algorithm": "CRC32", "type": "FULL_OBJECT", "value": "AAAAAA=="}
    lasting = Chain(sha256[:12], 12, 123_456, 1_234, sha256, run_id, sha256, 12)

    def stored(number: int, kind: str) -> ItemResult:
        key = layout.archive("some-organization", f"repository-{number:05}", kind)
        archive = Archive(key, 1 << 20, sha256, run_id, checksum, "v" * 32, f'"{sha256[:32]}"')
        return ItemResult("unchanged", None, (), sha256, 12, archive=archive, chain=lasting)

    state = DataState("5" * 32, 1_200, 700, "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z")
    entries = [
        Entry(
            *(number, "some-organization", f"repository-{number:05}", True, False, False),
            {GIT: stored(number, GIT), DATA: replace(stored(number, DATA), data=state)},
        )
        for number in range(100)
    ]
    manifest = Manifest("r1", 1, ["octo"], NOW, by_identity(entries), 100)
    assert len(manifest.to_json()) <= 20_000_000 / 100
