"""A lease survives the loss of an answer, and once ended it stays so."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from repo_backup.run import lease
from repo_backup.run.lease import Lease
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import ConflictError, FatalError, TransientError
from repo_backup.store.directory import DirectoryStore

AN_HOUR_AHEAD = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def test_a_held_lease_whose_name_is_no_run_id_is_refused_in_one_line_without_a_command(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    name = "x\n\u001b[2Krepo-backup: all is well"
    lock = {"run_id": name, "expires_at": AN_HOUR_AHEAD}
    store.write(layout.LOCK, json.dumps(lock).encode())
    with pytest.raises(FatalError) as raised:
        Lease(store, "r2", 1, CancellationToken()).check_free()
    answer = str(raised.value)
    assert answer.isprintable()
    assert answer.startswith("run x ?[2Krepo-backup: all is well is writing to this destination")
    assert "--run-id" not in answer


@pytest.mark.parametrize(
    ("lock", "what"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"run_id": 1, "expires_at": "2999-01-01T00:00:00Z"}', "run_id is not text"),
        (b'{"run_id": "r1"}', "expires_at is missing"),
        (b'{"run_id": "r1", "expires_at": "2999-01-01T00:00:00"}', "without a time zone"),
        (b'{"run_id": "r1", "expires_at": "9999-12-31T23:59:59-23:59"}', "is not a date"),
        (b'{"run_id": "r1", "expires_at": Infinity}', "expires_at is not text"),
    ],
)
def test_what_is_no_lease_is_named_and_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lock: bytes, what: str
) -> None:
    store = DirectoryStore(tmp_path)
    store.write(layout.LOCK, lock)
    with Lease(store, "r2", 1, CancellationToken()).hold():
        assert json.loads(store.read(layout.LOCK) or b"")["run_id"] == "r2"
    (record,) = caplog.records
    assert record.getMessage().startswith("runs/lock.json is not a lease and is taken over: ")
    assert what in record.getMessage()


class Forgetful(DirectoryStore):
    """Writes, and then says that somebody else was faster, as an SDK's second try does."""

    forgets = True

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        new = super().write_if(key, data, tag, content_type)
        if self.forgets:
            raise ConflictError("the answer got lost")
        return new


def test_a_write_whose_answer_got_lost_is_an_own_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    stop = CancellationToken()
    one = Lease(Forgetful(tmp_path), "r1", 1, stop)
    with one.hold():
        assert not stop.wait(0.2)
        with (
            pytest.raises(FatalError),
            Lease(DirectoryStore(tmp_path), "r2", 1, CancellationToken()).hold(),
        ):
            pytest.fail("two runs at once")
    assert not one.lost
    with Lease(DirectoryStore(tmp_path), "r2", 1, CancellationToken()).hold():
        pass


def test_what_was_read_after_the_check_is_nobody_elses_by_the_time_the_lease_is_held(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    one = Lease(store, "r1", 1, CancellationToken())
    one.check_free()
    with Lease(store, "r2", 1, CancellationToken()).hold():
        pass
    with pytest.raises(FatalError, match="just begun"), one.hold():
        pytest.fail("what r2 wrote in between would be unknown to r1")


A_LATER_SECOND = 1.1
"""Two leases of one second are the same document, and a directory cannot tell them apart."""


class Slow(DirectoryStore):
    """Takes its time over the first renewal; whoever writes meanwhile comes after it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.writes = 0
        self.renewing, self.next, self.renewed = (threading.Event() for _ in range(3))

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        self.writes += 1
        if self.writes == 1:
            return super().write_if(key, data, tag, content_type)
        if self.writes == 2:
            self.renewing.set()
            # For longer than anybody waited for a renewal.
            self.next.wait(1.5)
            try:
                return super().write_if(key, data, tag, content_type)
            finally:
                self.renewed.set()
        self.next.set()
        assert self.renewed.wait(20)
        return super().write_if(key, data, tag, content_type)


def test_a_lease_that_ends_during_a_renewal_stays_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", A_LATER_SECOND)
    store = Slow(tmp_path)
    with Lease(store, "r1", 1, CancellationToken()).hold():
        assert store.renewing.wait(20)
    with Lease(DirectoryStore(tmp_path), "r2", 1, CancellationToken()).hold():
        pass


class Late(DirectoryStore):
    """Says that a renewal failed, and writes it all the same, just before what comes next."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.held_back: list[tuple[str, bytes, str | None]] = []
        self.failed = threading.Event()
        self.writes = 0

    def write_if(
        self, key: str, data: bytes, tag: str | None, content_type: str = "application/json"
    ) -> str:
        self.writes += 1
        if self.writes == 2:
            self.held_back.append((key, data, tag))
            self.failed.set()
            raise TransientError("no answer")
        if self.held_back:
            super().write_if(*self.held_back.pop())
        return super().write_if(key, data, tag, content_type)


def test_a_renewal_that_arrives_late_does_not_outlive_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", A_LATER_SECOND)
    store = Late(tmp_path)
    with Lease(store, "r1", 1, CancellationToken()).hold():
        assert store.failed.wait(20)
    with Lease(DirectoryStore(tmp_path), "r2", 1, CancellationToken()).hold():
        pass
