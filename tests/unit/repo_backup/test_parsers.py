"""Whatever a parser is fed, it answers or raises its own error: never another, never late.

Most inputs are valid documents with something changed in them, for random bytes end at the first
check. ``pytest -m slow`` tries many more of them.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backup_contract.documents.date_marker import read_marker
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.launch import read_launch
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.schedule import ScheduleError
from backup_contract.judgement.schedule import parse as parse_schedule
from backup_contract.link_header import links_of
from backup_contract.moments import moment_of, run_id_of
from launcher.config import Config as LauncherConfig
from launcher.request import read_request
from repo_backup.cli.parser import parse
from repo_backup.git.protocol import smart_http as git
from repo_backup.runtime.errors import RepositoryError
from reporter.config import Config as ReporterConfig
from reporter.events import read_trigger
from shared.errors import ConfigError, EventError
from shared.model import run_document
from tests.unit.shared.model.test_run import FULL

NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
EVENTS = [json.loads(path.read_text()) for path in sorted(Path("events").glob("*.json"))]
OID = "ab" * 20

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "٣", "9" * 5000, "\ud800", "\0", "0001-01-01T00:00:00+23:59", "../x"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)

few = settings(max_examples=30, deadline=2000, suppress_health_check=list(HealthCheck))
many = settings(max_examples=2000, deadline=2000, suppress_health_check=list(HealthCheck))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


@st.composite
def changed(draw: st.DrawFn, originals: Sequence[Any]) -> Any:
    """A valid document with up to three places replaced or removed, or something else."""
    document = copy.deepcopy(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 3))):
        found = list(places(document))
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        if draw(st.booleans()):
            container[key] = draw(JUNK)
        elif isinstance(container, dict):
            del container[key]
    return document if draw(st.integers(0, 20)) else draw(JUNK)


@st.composite
def cut(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    """Valid bytes with a piece of them replaced."""
    data = draw(st.sampled_from(originals))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    return data[:start] + draw(st.binary(max_size=12)) + data[end:]


def packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


ARCHIVE = {
    "key": "github_backups/octo/hello.zip",
    "bytes": 10,
    "sha256": "0" * 64,
    "checksum": {"algorithm": "CRC32", "type": "FULL_OBJECT", "value": "AAAAAA=="},
    "version_id": "v",
    "etag": '"e"',
    "run_id": "r1",
    "drilled_at": None,
}
PART = {
    "state": "backed-up",
    "reason": None,
    "warnings": ["w"],
    "lfs": False,
    "refs_digest": "0",
    "refs": 1,
    "seconds": 0.5,
    "archive": ARCHIVE,
}
FIELDS = {"id": 1, "owner": "octo", "name": "hello", "private": False, "fork": False}
MANIFEST: dict[str, Any] = {
    "schema": 1,
    "run_id": "r1",
    "attempt": 1,
    "owners": ["octo"],
    "started_at": "2026-11-27T17:00:00Z",
    "finished_at": "2026-11-27T17:01:00Z",
    "complete": True,
    "token_expires_at": "2026-12-27T17:00:00Z",
    "errors": [],
    "notices": ["n"],
    "totals": {"listed": 1, "bytes_uploaded": 10, "bytes_stored": 10},
    "repositories": [{**FIELDS, "archived": False, **PART, "wiki": PART}],
    "kept": [
        {
            "key": "github_backups/octo/former.zip",
            "id": 2,
            "owner": "octo",
            "name": "former",
            "wiki": False,
            "lfs": False,
            "refs_digest": "0",
            "refs": 1,
            "archive": {**ARCHIVE, "key": "github_backups/octo/former.zip"},
        }
    ],
    "drill": {"ok": True, "checked": [{"key": "k", "ok": False, "reason": "r", "seconds": 1.0}]},
}
PROGRESS = {
    "schema": 1,
    "run_id": "r1",
    "attempt": 1,
    "updated_at": "2026-11-27T17:00:20Z",
    "phase": "backing-up",
    "listed": 2,
    "done": 1,
    "failed": 0,
    "bytes_uploaded": 10,
}
REPORT = json.loads(
    json.dumps(RunReport("verified", "why", NOW, visibility=(), repositories={}).document)
)
LAUNCHED = {"attempt": 1, "instance_id": "i-1", "evidence": "runs/r1/attempts/AROA:i-1/"}
LAUNCH = {"schema": 1, "run_id": "r1", **LAUNCHED, "attempts": [LAUNCHED]}
LEASE = json.loads(LeaseRecord("r1", NOW, 1, "me").to_json())
MARKER = b"run_id=r1\nattempt=1\nmanifest=runs/r1/manifest.json\nmanifest_sha256=00\nlisted=1\n"
ADVERTISEMENT = b"".join(
    [
        packet(b"# service=git-upload-pack\n") + b"0000",
        packet(
            f"{OID} HEAD\0side-band-64k symref=HEAD:refs/heads/main object-format=sha1\n".encode()
        ),
        packet(f"{OID} refs/heads/main\n".encode()),
        packet(f"{OID} refs/tags/v1\n".encode()),
        packet(f"{OID} refs/tags/v1^{{}}\n".encode()) + b"0000",
    ]
)
VARIABLES = {
    **dict.fromkeys(
        ("STACK_NAME", "AWS_REGION", "BUCKET", "RUNS_TABLE", "TOPIC_ARN", "SCHEDULE_GROUP"), "x"
    ),
    **dict.fromkeys(
        ("SCHEDULER_ROLE_ARN", "REPORTER_ARN", "LAUNCHER_ARN", "DEAD_LETTER_QUEUE_ARN"), "arn"
    ),
    **dict.fromkeys(("SECURITY_GROUP_ID", "INSTANCE_PROFILE_ARN", "GITHUB_API_URL"), "x"),
    "INSTANCE_ROLE_ID": "AROAEXAMPLE",
    **dict.fromkeys(("ALLOW_ON_DEMAND", "ASSIGN_PUBLIC_IP", "NOTIFY_ON_LAUNCH"), "true"),
    **dict.fromkeys(("DEADLINE_MINUTES", "VOLUME_SIZE_GIB", "RETRY_DELAY_MINUTES"), "30"),
    **dict.fromkeys(
        ("MAX_ATTEMPTS", "MAX_AGE_DAYS", "KEEP_VERSIONS_DAYS", "VERIFIED_WITHIN_DAYS"), "3"
    ),
    "INSTANCE_TYPES": "c7g.medium",
    "SCHEDULE_EXPRESSION": "cron(0 17 ? * FRI *)",
    "SCHEDULE_TIMEZONE": "UTC",
    "SCHEDULE_STATE": "ENABLED",
    "GITHUB_OWNERS": "octo",
}


def own_manifest(document: Any) -> None:
    manifest = Manifest.from_json(json.dumps(document).encode())
    assert manifest.totals["bytes_stored"] is not None
    assert all(entry.full_name.lower() for entry in manifest.entries.values())


def refs(data: bytes) -> None:
    known = git.parse("https://h/o/r.git", [line for line in git.packets(iter([data])) if line])
    assert known.digest
    assert all(name.startswith("refs/") and ".." not in name for name in known.refs)


def options(text: str) -> None:
    parse(["backup", "--destination", "d", "--owner", "o", *text.split()])


Parser = Callable[[Any], object]
CASES: dict[str, tuple[st.SearchStrategy[Any], Parser, tuple[type[BaseException], ...]]] = {
    "launcher's events": (changed(EVENTS), lambda e: read_request(e, NOW), (EventError,)),
    "reporter's events": (changed(EVENTS), read_trigger, (EventError,)),
    "progress": (
        changed([PROGRESS]),
        lambda document: Progress.from_json(json.dumps(document).encode()).to_json(),
        (DamagedError,),
    ),
    "report": (
        changed([REPORT]),
        lambda document: RunReport.from_json(json.dumps(document).encode()).document,
        (DamagedError,),
    ),
    "lease": (
        changed([LEASE]),
        lambda document: LeaseRecord.from_json(json.dumps(document).encode()).to_json(),
        (DamagedError,),
    ),
    "manifest": (changed([MANIFEST]), own_manifest, (DamagedError,)),
    "manifest, damaged": (
        cut([json.dumps(MANIFEST).encode()]),
        Manifest.from_json,
        (DamagedError,),
    ),
    "launch record": (
        changed([LAUNCH]),
        lambda document: read_launch(json.dumps(document).encode(), "r1"),
        (DamagedError,),
    ),
    "run's item": (
        changed([json.loads(run_document.to_json(FULL))]),
        lambda document: run_document.from_json(json.dumps(document), FULL.id, 1, {}),
        (DamagedError,),
    ),
    "marker": (cut([MARKER]), lambda data: read_marker("k", data), ()),
    "advertisement": (cut([ADVERTISEMENT]), refs, (RepositoryError,)),
    "link header": (
        cut([b'<https://h/r?page=2>; rel="next", <https://h/r?page=9>; a; rel = "x last"']),
        lambda data: links_of(data.decode("latin-1")),
        (),
    ),
    "run id": (
        cut([b"2026-11-27T17-00-00Z"]),
        lambda data: run_id_of(moment_of(data.decode("utf-8", "replace"))),
        (ValueError,),
    ),
    "schedule": (
        cut([b"cron(0 17 ? * FRI *)", b"cron(0/15 8-17 L * ? 2026-2030)", b"rate(7 days)"]),
        lambda data: parse_schedule(data.decode("utf-8", "replace"), "Europe/Berlin"),
        (ScheduleError,),
    ),
    "launcher's environment": (
        changed([VARIABLES]),
        lambda v: LauncherConfig.from_env(_texts(v)),
        (ConfigError,),
    ),
    "reporter's environment": (
        changed([VARIABLES]),
        lambda v: ReporterConfig.from_env(_texts(v)),
        (ConfigError,),
    ),
    "options": (
        cut([b"--no-forks --exclude x* --max-size 2G --jobs 4", b"--only a --no-drill --full"]),
        lambda data: options(data.decode("utf-8", "replace")),
        (SystemExit,),
    ),
}


def _texts(variables: Any) -> Mapping[str, str]:
    found = variables if isinstance(variables, dict) else {}
    return {name: value if isinstance(value, str) else repr(value) for name, value in found.items()}


def _try(name: str, given_input: Any) -> None:
    _, parser, own = CASES[name]
    try:
        parser(given_input)
    except own:
        return


@pytest.mark.parametrize("name", CASES)
@few
@given(data=st.data())
def test_a_parser_raises_its_own_error_or_none(name: str, data: st.DataObject) -> None:
    _try(name, data.draw(CASES[name][0]))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@many
@given(data=st.data())
def test_a_parser_raises_its_own_error_or_none_thousands_of_times(
    name: str, data: st.DataObject
) -> None:
    _try(name, data.draw(CASES[name][0]))


def test_documents_nested_without_end_are_no_crash() -> None:
    deep = b"[" * 200_000
    with pytest.raises(ValueError):
        Manifest.from_json(deep)
