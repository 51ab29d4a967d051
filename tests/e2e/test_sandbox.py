"""What user data can and cannot do in the sandbox of the embedded cloud."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.machine.confinement import descendants, landlock_abi
from local_cloud.machine.machine import Machine
from local_cloud.machine.sandbox import PowerRequest, parse_power_request

confined = pytest.mark.skipif(landlock_abi() < 6, reason="needs a kernel with Landlock 6")


def run(directory: Path, script: str, **environment: str) -> tuple[str, str]:
    """Who ended the machine that ran ``script``, and what it printed."""
    machine = Machine.boot(directory, script.encode(), environment, minute_seconds=0.1)
    try:
        ended_by = machine.wait()
    finally:
        machine.stop()
    return ended_by, machine.console().decode()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where a machine may be; afterwards nothing of it may be left, and no process."""
    machine = tmp_path / "machine"
    yield machine
    assert not machine.exists()
    assert not any(str(machine) in command for command in commands())


def commands() -> Iterator[str]:
    """The command lines of all processes below this one."""
    for process in descendants(os.getpid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield Path("/proc", str(process), "cmdline").read_text()


def test_shutdown_ends_the_machine_and_all_that_it_runs(directory: Path) -> None:
    ended_by, console = run(
        directory,
        "#!/bin/bash\n(trap '' TERM; while :; do sleep 9; done) &\nshutdown -P now\nsleep 60\n"
        "echo survived\n",
    )
    assert ended_by == "guest"
    assert "survived" not in console


def test_an_armed_shutdown_ends_a_machine_that_hangs(directory: Path) -> None:
    assert run(directory, "#!/bin/bash\nshutdown -P +3\nsleep 600\n")[0] == "guest"


def test_a_cancelled_shutdown_does_not_end_the_machine(directory: Path) -> None:
    script = "#!/bin/bash\nshutdown -P +20\nshutdown -c\nsleep 2.5\necho still here\nshutdown now\n"
    assert "still here" in run(directory, script)[1]


def test_finished_user_data_leaves_the_machine_running_until_it_is_stopped(
    directory: Path,
) -> None:
    machine = Machine.boot(directory, b"#!/bin/bash\necho finished\n", {}, minute_seconds=0.1)
    while b"finished" not in machine.console():
        assert machine.process.poll() is None
    machine.stop()
    assert machine.wait() == "api"


def test_user_data_without_an_interpreter_line_is_not_run(directory: Path) -> None:
    machine = Machine.boot(directory, b"echo ran\n", {}, minute_seconds=0.1)
    while b"userdata" not in machine.console():
        assert machine.process.poll() is None
    machine.stop()
    machine.wait()
    assert b"ran\n" not in machine.console()


def test_the_guest_sees_nothing_of_the_persons_environment(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    _, console = run(directory, "#!/bin/bash\nenv\nshutdown now\n", GIVEN="yes")
    names = {line.split("=")[0] for line in console.splitlines() if "=" in line}
    own = {"PATH", "HOME", "TMPDIR", "PYTHONPYCACHEPREFIX"}
    assert names == own | {"GIVEN", "PWD", "SHLVL", "_"}


def test_only_what_amazon_linux_needs_is_on_the_path(directory: Path) -> None:
    script = "#!/bin/bash\nfor c in sudo apt-get systemctl ssh wget; do type $c; done; shutdown now"
    _, console = run(directory, script)
    assert console.count("not found") == 5


def test_installing_installs_nothing(directory: Path) -> None:
    _, console = run(directory, "#!/bin/bash\ndnf install -y git-core && shutdown -P now\n")
    assert "nothing to do" in console


def test_the_guests_python_has_no_packages(directory: Path) -> None:
    _, console = run(directory, "#!/bin/bash\npython3.13 -c 'import boto3'\nshutdown now\n")
    assert "No module named 'boto3'" in console


@confined
def test_the_kernel_keeps_the_guest_in_its_directory(directory: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    script = f"""#!/bin/bash
echo x >{tmp_path}/written
cat {secret}
/sbin/poweroff --help; /usr/bin/sudo -n true; /bin/ls /
kill -9 {os.getpid()}
echo fine >$HOME/file && cat $HOME/file
shutdown -P now
"""
    ended_by, console = run(directory, script)
    assert ended_by == "guest"
    assert not (tmp_path / "written").exists()
    assert "hunter2" not in console
    assert "Operation not permitted" in console
    assert "fine" in console


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("shutdown -P now", PowerRequest(0)),
        ("shutdown -h now", PowerRequest(0)),
        ("shutdown -P +170", PowerRequest(170)),
        ("shutdown", PowerRequest(1)),
        ("shutdown -c", PowerRequest(None)),
        ("shutdown -H now", PowerRequest(0, powers_off=False)),
        ("poweroff", PowerRequest(0)),
        ("halt", PowerRequest(0, powers_off=False)),
        ("reboot", PowerRequest(0, powers_off=False)),
        ("shutdown -P sometime", None),
    ],
)
def test_shutdown_is_understood_as_systemd_does(words: str, expected: PowerRequest | None) -> None:
    assert parse_power_request(words.split()) == expected
