"""A document is sound, or it is damaged in a field that is named; it is never anything else."""

import json
from typing import Any

import pytest

from reporter import documents
from reporter.decide.observation import Progress
from reporter.documents import DamagedError, json_object
from reporter.judge.manifest import Manifest
from tests.unit.repo_backup.test_parsers import MANIFEST, PROGRESS

Path = tuple[str | int, ...]


def changed(document: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """The document with another value at a place in it."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    inner: Any = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"done": NaN}',
        b'{"done": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"done": ' + b"9" * 5000 + b"}",
        '{"done": 1}'.encode("utf-16"),
        b"\xff\xfe{",
        b'{"phase": "\xff"}',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_json_object_in_utf8_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError):
        json_object(data)


def test_a_document_of_too_many_values_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_VALUES", 10)
    assert json_object(b'{"a": [1, 2, 3, 4, 5, 6, 7, 8]}')
    with pytest.raises(DamagedError, match="more than 10 values"):
        json_object(b'{"a": [[], [], [], [], [], [], []]}')


@pytest.mark.parametrize("field", ["attempt", "done", "listed"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1, 10**400, 1.5, True, "3", None])
def test_progress_is_counted_in_whole_numbers(field: str, value: object) -> None:
    with pytest.raises(DamagedError, match=f"^{field}: it is no whole number"):
        Progress.read({**PROGRESS, field: value})


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("schema",), 2, "schema"),
        (("owners",), None, "owners"),
        (("owners", 0), 1, "owners[0]"),
        (("totals",), [], "totals"),
        (("totals", "bytes_stored"), -1e308, "totals.bytes_stored"),
        (("totals", "bytes_stored"), 10**400, "totals.bytes_stored"),
        (("repositories",), None, "repositories"),
        (("repositories", 0), "x", "repositories[0]"),
        (("repositories", 0, "id"), True, "repositories[0].id"),
        (("repositories", 0, "name"), "\ud800", "repositories[0].name"),
        (("repositories", 0, "archive"), {}, "repositories[0].archive.key"),
        (("repositories", 0, "archive", "bytes"), 10**400, "repositories[0].archive.bytes"),
        (("repositories", 0, "wiki", "archive", "bytes"), -1, "repositories[0].wiki.archive.bytes"),
        (("kept", 0, "archive", "key"), "/etc/passwd", "kept[0].archive.key"),
        (("drill", "checked", 0, "ok"), "no", "drill.checked[0].ok"),
    ],
)
def test_a_damaged_manifest_names_the_field(path: Path, value: object, field: str) -> None:
    with pytest.raises(DamagedError) as raised:
        Manifest.read(changed(MANIFEST, path, value))
    assert raised.value.field == field
    assert str(raised.value.within("m")).startswith(f"m is damaged: {field}: it is ") or path == (
        "schema",
    )


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "github_backups/", "/github_backups/a.zip", "runs/r/manifest.json", "x" * 2000),
        *("github_backups/../runs/lock.json", "github_backups//a.zip", "github_backups/a/."),
        *("github_backups/a\n.zip", "github_backups/\ud800.zip", f"github_backups/{'x' * 1024}"),
    ],
)
def test_a_key_that_is_empty_absolute_or_climbs_is_no_archive_s(key: str) -> None:
    with pytest.raises(DamagedError, match=r"repositories\[0\]\.archive\.key"):
        Manifest.read(changed(MANIFEST, ("repositories", 0, "archive", "key"), key))


@pytest.mark.parametrize(
    "path",
    [
        ("new",),
        ("totals", "new"),
        ("repositories", 0, "new"),
        ("repositories", 0, "archive", "new"),
        ("drill", "new"),
        ("kept", 0, "new"),
    ],
)
def test_a_field_of_a_later_version_is_ignored(path: Path) -> None:
    assert Manifest.read(changed(MANIFEST, path, {"x": 1})) == Manifest.read(MANIFEST)
