"""A process can be told from one that has ended, and from those of other machines."""

import signal
import subprocess
import sys

import pytest

from repo_backup.runtime import process_identity

TELL = "from repo_backup.runtime import process_identity as p; print(p.current(), flush=True)"
pytestmark = pytest.mark.skipif(
    process_identity.current() is None, reason="this system does not tell"
)


def _child() -> subprocess.Popen[str]:
    program = f"import sys; sys.path[:] = {sys.path!r}; {TELL}; sys.stdin.read()"
    return subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_this_process_is_alive() -> None:
    assert process_identity.is_alive(str(process_identity.current())) is True


def test_a_killed_process_is_not_alive_even_before_its_parent_has_been_told() -> None:
    with _child() as child:
        assert child.stdout
        identity = child.stdout.readline().strip()
        assert process_identity.is_alive(identity) is True
        child.send_signal(signal.SIGKILL)
        assert child.stdout.read() == ""
        while process_identity.is_alive(identity):
            pass
        assert process_identity.is_alive(identity) is False
        child.wait()
        assert process_identity.is_alive(identity) is False


def test_another_process_that_got_the_number_is_not_the_same() -> None:
    machine, process, began = str(process_identity.current()).rsplit(":", 2)
    assert process_identity.is_alive(f"{machine}:{process}:{int(began) + 1}") is False


@pytest.mark.parametrize(
    "identity",
    ["", "x", "\n", "00000000-0000-0000-0000-000000000000:1:1:1", f"{'9' * 400}:1:1:1"],
)
def test_of_a_process_of_another_machine_nothing_is_known(identity: str) -> None:
    assert process_identity.is_alive(identity) is None


def test_a_number_that_no_process_can_have_is_nobodys() -> None:
    machine = str(process_identity.current()).rsplit(":", 2)[0]
    assert process_identity.is_alive(f"{machine}:9999999999:1") in (None, False)
