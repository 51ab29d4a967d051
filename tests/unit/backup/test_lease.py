"""A lease survives the loss of an answer, and of nothing else."""

from pathlib import Path

import pytest

from repo_backup import lease
from repo_backup.errors import ConflictError, FatalError
from repo_backup.lease import Lease
from repo_backup.stop import Stop
from repo_backup.store import DirectoryStore


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
    stop = Stop()
    one = Lease(Forgetful(tmp_path), "r1", 1, stop)
    with one.held():
        assert not stop.wait(0.2)
        with pytest.raises(FatalError), Lease(DirectoryStore(tmp_path), "r2", 1, Stop()).held():
            pytest.fail("two runs at once")
    assert not one.lost
    with Lease(DirectoryStore(tmp_path), "r2", 1, Stop()).held():
        pass


def test_what_was_read_after_a_look_is_nobody_elses_by_the_time_the_lease_is_held(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    one = Lease(store, "r1", 1, Stop())
    one.look()
    with Lease(store, "r2", 1, Stop()).held():
        pass
    with pytest.raises(FatalError, match="just begun"), one.held():
        pytest.fail("what r2 wrote in between would be unknown to r1")
