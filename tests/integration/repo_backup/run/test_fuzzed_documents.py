"""Whatever lies below ``runs/`` and beside the archives, each command ends in its own words.

``make test`` tries a few documents; ``pytest -m slow`` hundreds.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backup_contract import evidence
from backup_contract import object_keys as layout
from backup_contract.documents.lease import LeaseRecord
from backup_contract.documents.manifest import iso
from repo_backup.cli.main import main
from tests.integration.mutations import documents
from tests.integration.repo_backup.conftest import Destination
from tests.unit.repo_backup.test_parsers import PROGRESS, REPORT

FAST = ("--include", "hello", "--no-drill")
OWN_ENDS = (0, 1, 3)
OF_ATTEMPT = evidence.prefix("r2", "AROAEXAMPLE", "i-1")
HELLO = "github_backups/octo/hello.zip"
few = settings(max_examples=5, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(max_examples=250, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
"""What fails is shown as it was found: to make each smaller takes longer than to find it."""


class Folder:
    """A destination with two runs, and all its documents as they were."""

    def __init__(self, destination: Destination) -> None:
        self.destination, self.root = destination, destination.root
        for run_id, age in (("r1", 2), ("r2", 1)):
            assert destination.backup(*FAST, run_id=run_id) == 0
            path = self.root / layout.manifest(run_id)
            began = iso(datetime.now(UTC) - timedelta(days=age))
            path.write_text(json.dumps({**json.loads(path.read_text()), "started_at": began}))
        self._before = self.root.with_name("before")
        shutil.copytree(self.root, self._before)
        launched = {"attempt": 1, "instance_id": "i-1", "evidence": OF_ATTEMPT}
        lease = LeaseRecord("r1", datetime.now(UTC), 1, "me").to_json()
        (marker, *_) = destination.markers()
        damage = {"key": HELLO, "run_id": "r1", "reason": "it is damaged"}
        manifest = destination.manifest("r2")
        self.documents: dict[str, Any] = {
            layout.manifest("r1"): destination.manifest("r1"),
            layout.manifest("r2"): manifest,
            layout.report("r2"): {**REPORT, "run_id": "r2"},
            layout.progress("r2"): {**PROGRESS, "run_id": "r2"},
            layout.launch_record("r2"): {"schema": 1, "run_id": "r2", "attempts": [launched]},
            evidence.document(OF_ATTEMPT): {**manifest, "attempt": 1},
            evidence.progress(OF_ATTEMPT): {**PROGRESS, "run_id": "r2"},
            layout.LOCK: json.loads(lease),
            layout.damage_note(HELLO): {"schema": 1, "archives": [damage]},
            marker.relative_to(self.root).as_posix(): marker.read_bytes(),
        }

    @contextmanager
    def holding(self, found: dict[str, bytes]) -> Iterator[None]:
        """With these documents in place of those that were there; all else is as it was."""
        shutil.rmtree(self.root)
        shutil.copytree(self._before, self.root)
        for key, data in found.items():
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield


def _fuzz(
    destination: Destination,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    page: Path,
    limits: Callable[[Any], Any],
) -> None:
    folder = Folder(destination)
    source = ["--source", str(folder.root)]
    reading = (
        ["status", *source],
        ["status", "--json", *source],
        ["list", *source],
        ["list", "--runs", *source],
        ["report", *source, "--out", str(page)],
    )
    some = st.fixed_dictionaries(
        {}, optional={key: documents(each) for key, each in folder.documents.items()}
    )

    @limits
    @given(found=some, dear=st.integers(0, 3))
    def whatever_lies_there(found: dict[str, bytes], dear: int) -> None:
        caplog.clear()
        with folder.holding(found):
            for words in reading:
                assert main(words) in OWN_ENDS, words
                answer = capsys.readouterr()
                assert all(line.isprintable() for line in answer.err.splitlines()), answer.err
            if dear:
                return
            assert main(["verify", "--all", *source]) in OWN_ENDS
            capsys.readouterr()
            code = destination.backup(*FAST, run_id="r9")
            answer = capsys.readouterr()
            if code == 0:
                archive = destination.entry("hello", "r9")["archive"]
                assert (folder.root / archive["key"]).stat().st_size == archive["bytes"]
            else:
                assert " is writing to this" in answer.err, answer.err

    whatever_lies_there()


def test_whatever_the_documents_say_each_command_ends_in_its_own_words(
    destination: Destination,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _fuzz(destination, capsys, caplog, tmp_path / "page", few)


@pytest.mark.slow
def test_whatever_the_documents_say_each_command_ends_in_its_own_words_hundreds_of_times(
    destination: Destination,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _fuzz(destination, capsys, caplog, tmp_path / "page", many)
