"""The date marker: written once, found a name for, and never lost with the process."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from local_cloud.github import CORPUS_TOKEN
from repo_backup.run import checkpoints
from tests.integration.repo_backup.conftest import Bucket, Destination

pytestmark = pytest.mark.slow

FAST = ("--only", "hello", "--no-wikis", "--no-drill")
NOON = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)
PROGRAM = """
import os, sys
from repo_backup.cli import main as cli
from repo_backup.store import s3
moment, key, number = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
met, true = [], s3.S3Store._put
def put(self, k, *rest):
    if not k.endswith(key):
        return true(self, k, *rest)
    met.append(k)
    if moment == "before" and len(met) == number:
        os._exit(9)
    tag = true(self, k, *rest)
    if len(met) == number:
        os._exit(9)
    return tag
s3.S3Store._put = put
sys.exit(cli.main(sys.argv[1:]))
"""
"""Dies just before, or just after, it puts an object for the so-manieth time."""


class Clock(datetime):
    """Stands at noon."""

    @classmethod
    def now(cls, tz: object = None) -> "Clock":
        return cls.fromtimestamp(NOON.timestamp(), UTC)


def _minutes(since: datetime, count: int) -> list[str]:
    return [layout.marker(since + timedelta(minutes=number)) for number in range(count)]


def test_the_hundredth_run_of_a_minute_finds_a_name_in_a_directory(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "datetime", Clock)
    for key in _minutes(NOON, 99):
        (destination.root / key).parent.mkdir(parents=True, exist_ok=True)
        (destination.root / key).write_text("another run's")
    assert destination.backup(*FAST) == 0
    (own,) = [each for each in destination.markers() if "run_id=r1" in each.read_text()]
    assert own.name == "2026-11-27-13-39.txt"


def test_a_gap_between_the_names_of_others_is_found_among_junk_in_a_bucket(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "datetime", Clock)
    taken = [*_minutes(NOON, 90), *_minutes(NOON + timedelta(minutes=91), 30)]
    junk = [f"{taken[0]}.{number}" for number in range(30)] + ["github_backups/2026-11-27-12/x"]
    for key in [*taken, *junk]:
        s3.client.put_object(Bucket=s3.name, Key=key, Body=b"x" * 100_000)
    assert s3.backup(*FAST) == 0
    assert "run_id=r1" in s3.text("github_backups/2026-11-27-13-30.txt")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("key", "number"), [("/lock.json", 1), ("/lock.json", 2), ("/manifest.json", 1), (".txt", 1)]
)
def test_killed_at_a_write_of_lease_manifest_or_marker_the_run_is_continued_at_once(
    s3: Bucket, environment: pytest.MonkeyPatch, moment: str, key: str, number: int
) -> None:
    environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    command = [sys.executable, "-c", PROGRAM, moment, key, str(number), "backup", "--owner", "octo"]
    arguments = ["--destination", s3.location, "--run-id", "r1", "--no-data", *FAST]
    killed = subprocess.run([*command, *arguments], capture_output=True, check=False)
    assert killed.returncode == 9, killed.stderr
    assert s3.backup(*FAST) == 0
    manifest = s3.text("runs/r1/manifest.json")
    assert json.loads(manifest)["complete"] is True
    vouched = hashlib.sha256(manifest.encode()).hexdigest()
    markers = [s3.text(each) for each in s3.keys if each.endswith(".txt")]
    assert any(f"manifest_sha256={vouched}" in each for each in markers)
    assert s3.backup(*FAST, run_id="r2") == 0


def test_a_lease_of_a_killed_process_does_not_keep_another_run_out(
    s3: Bucket, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    command = [sys.executable, "-c", PROGRAM, "after", "/lock.json", "1", "backup"]
    arguments = [
        "--owner",
        "octo",
        "--destination",
        s3.location,
        "--run-id",
        "r1",
        "--no-data",
        *FAST,
    ]
    subprocess.run([*command, *arguments], capture_output=True, check=False)
    assert json.loads(s3.text("runs/lock.json"))["ended"] is False
    assert s3.backup(*FAST, run_id="r2") == 0


@pytest.mark.parametrize("age", [timedelta(minutes=11), -timedelta(days=2)])
def test_a_lease_in_a_directory_is_judged_by_the_age_of_its_file(
    destination: Destination, age: timedelta
) -> None:
    lock = {"schema": 1, "run_id": "r0", "attempt": 1, "holder": "x"}
    lock["expires_at"] = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    path = destination.root / layout.LOCK
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(lock))
    assert destination.backup(*FAST) == 1
    then = (datetime.now(UTC) - age).timestamp()
    os.utime(path, (then, then))
    assert destination.backup(*FAST) == 0


def test_a_marker_stays_what_it_is_when_the_manifest_is_made_anew(destination: Destination) -> None:
    assert destination.backup(*FAST) == 0
    first: dict[Path, str] = {path: path.read_text() for path in destination.markers()}
    assert destination.backup(*FAST) == 0
    assert {path: path.read_text() for path in destination.markers()}.items() >= first.items()
