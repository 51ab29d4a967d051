"""The bootstrap, executed as the user data that an instance gets, among stand-ins for its tools.

Real: bash, coreutils, Python. Stand-ins: ``aws s3 cp`` copies from and to a folder, ``dnf`` and
``shutdown`` write down how they were called. The only folder on PATH is the test's own.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.launch.user_data import render

BOOTSTRAP = (Path(__file__).parents[2] / "instance_scripts" / "bootstrap.sh").read_text()
REAL = [
    "bash",
    "cat",
    "env",
    "grep",
    "mkdir",
    "mktemp",
    "rm",
    "sha256sum",
    "tee",
    "timeout",
    "sleep",
]
EVIDENCE = "runs/2026-11-27T17-00-00Z/attempts/AROAEXAMPLE:i-0123456789abcdef0/"

AWS = """#!/bin/bash
[ "$1 $2 $3" = "s3 cp --only-show-errors" ] || exit 64
from=${4/s3:\\/\\/backups/$BUCKET} to=${5/s3:\\/\\/backups/$BUCKET}
[ -e "$BUCKET/deny-$(basename "$to")" ] && exit 1
mkdir -p "$(dirname "$to")" && cp "$from" "$to"
"""

METADATA = """#!/bin/bash
case "$*" in
  *--fail*"--request PUT"*" http://169.254.169.254/latest/api/token") echo a-token ;;
  *--fail*"X-aws-ec2-metadata-token: a-token http://169.254.169.254/latest/meta-data/instance-id")
    echo i-0123456789abcdef0 ;;
  *) exit 22 ;;
esac
"""


@dataclass
class Machine:
    """A machine that can be booted once."""

    root: Path

    @property
    def bucket(self) -> Path:
        """The folder that stands for the bucket."""
        return self.root / "bucket"

    def tool(self, name: str, script: str) -> None:
        """Put a stand-in on PATH."""
        path = self.root / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def publish(self, main: str) -> str:
        """Put a program with this ``__main__`` where the launcher would; returns its SHA-256."""
        path = self.bucket / "program.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("repo_backup/__init__.py", "")
            archive.writestr("repo_backup/__main__.py", main)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def boot(self, sha256: str) -> subprocess.CompletedProcess[str]:
        """Run the user data to its end."""
        variables = {
            "ONLINE_BACKUP_RUN_ID": "2026-11-27T17-00-00Z",
            "ONLINE_BACKUP_ATTEMPT": "2",
            "ONLINE_BACKUP_BUCKET": "backups",
            "ONLINE_BACKUP_PROGRAM_KEY": "program.zip",
            "ONLINE_BACKUP_PROGRAM_SHA256": sha256,
            "ONLINE_BACKUP_ROLE_ID": "AROAEXAMPLE",
            "ONLINE_BACKUP_DEADLINE_MINUTES": "30",
        }
        script = self.root / "user-data"
        script.write_text(render(variables, ["--owner", "octo cat", "--full"], BOOTSTRAP))
        environment = {
            "PATH": str(self.root / "bin"),
            "TMPDIR": str(self.root / "tmp"),
            "BUCKET": str(self.bucket),
            "CALLS": str(self.root / "calls"),
        }
        return subprocess.run(
            ["bash", str(script)], env=environment, capture_output=True, text=True, timeout=60
        )

    @property
    def calls(self) -> list[str]:
        """How dnf and shutdown were called, in order."""
        return (self.root / "calls").read_text().splitlines()

    @property
    def log(self) -> str:
        """The log as it lies in the bucket."""
        return (self.bucket / EVIDENCE / "backup.log").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose tools all work."""
    new = Machine(tmp_path)
    for folder in ("bin", "tmp", "bucket"):
        (tmp_path / folder).mkdir()
    for name in (*REAL, "basename", "dirname", "cp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or pytest.fail(name))
    (tmp_path / "bin" / "python3.13").symlink_to(sys.executable)
    new.tool("aws", AWS)
    new.tool("curl", METADATA)
    for name in ("dnf", "shutdown"):
        new.tool(name, f'#!/bin/bash\necho "{name} $*" >>"$CALLS"\n')
    new.tool("sleep", "#!/bin/bash\n")
    return new


PRINT_ARGUMENTS = """
import os, sys
print('got', sys.argv[1:])
print('arenas', os.environ['MALLOC_ARENA_MAX'])
"""


def test_the_program_gets_its_words_and_the_machine_powers_off_last(machine: Machine) -> None:
    result = machine.boot(machine.publish(PRINT_ARGUMENTS))
    assert result.returncode == 0, result.stderr
    assert machine.calls == [
        "shutdown -P +30",
        "dnf install --assumeyes --quiet git-core python3.13",
        "shutdown -P now",
    ]
    expected = [
        *("backup", "--destination", "s3://backups", "--run-id", "2026-11-27T17-00-00Z"),
        *("--attempt", "2", "--evidence", EVIDENCE, "--owner", "octo cat", "--full"),
    ]
    assert f"got {expected}" in machine.log
    assert "arenas 2" in machine.log


def test_every_line_of_the_log_has_its_time_its_level_and_the_run(machine: Machine) -> None:
    own = "2026-11-27T17:00:12Z INFO run=2026-11-27T17-00-00Z event=listed repositories=8"
    trace = 'ValueError: a \\\\ "b"'
    machine.tool("dnf", "#!/bin/bash\necho '  installing'\n")
    machine.boot(machine.publish(f"print({own!r}); print({trace!r}, end='')"))
    lines = machine.log.splitlines()
    assert own in lines
    stamped = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (\w+) run=2026-11-27T17-00-00Z (.*)")
    answer = [found.groups() for line in lines if (found := stamped.fullmatch(line))]
    assert len(answer) == len(lines)
    assert ("INFO", "bootstrap: run 2026-11-27T17-00-00Z, attempt 2") in answer
    assert ("INFO", "  installing") in answer
    assert ("INFO", trace) in answer


def test_a_program_that_was_exchanged_is_refused_and_the_log_says_so(machine: Machine) -> None:
    machine.publish("raise SystemExit('must never run')")
    machine.boot("0" * 64)
    assert "refused: program.zip is not the program that was deployed" in machine.log
    assert "must never run" not in machine.log
    assert machine.calls[-1] == "shutdown -P now"


def test_a_program_that_is_missing_ends_in_a_power_off_with_a_log(machine: Machine) -> None:
    machine.boot("0" * 64)
    assert "try 4 of 5 failed: aws" in machine.log
    assert machine.calls[-1] == "shutdown -P now"


@pytest.mark.parametrize("status", [1, 3, 75])
def test_a_failing_program_still_ends_in_log_and_power_off(machine: Machine, status: int) -> None:
    result = machine.boot(machine.publish(f"print('sorry'); raise SystemExit({status})"))
    assert "sorry" in machine.log
    assert f"ending with status {status}" in result.stdout
    assert machine.calls[-1] == "shutdown -P now"


def test_packages_that_come_at_the_third_try_are_enough(machine: Machine) -> None:
    machine.tool(
        "dnf",
        '#!/bin/bash\necho "dnf $*" >>"$CALLS"\n[ "$(grep -c dnf "$CALLS")" -ge 3 ]\n',
    )
    result = machine.boot(machine.publish(PRINT_ARGUMENTS))
    assert result.returncode == 0
    assert [call.split()[0] for call in machine.calls].count("dnf") == 3


def test_packages_that_never_come_end_in_a_power_off(machine: Machine) -> None:
    machine.tool("dnf", "#!/bin/bash\nexit 1\n")
    machine.boot(machine.publish(PRINT_ARGUMENTS))
    assert "got" not in machine.log
    assert machine.calls[-1] == "shutdown -P now"


def test_a_log_that_cannot_be_saved_does_not_keep_the_machine_on(machine: Machine) -> None:
    sha256 = machine.publish(PRINT_ARGUMENTS)
    (machine.bucket / "deny-backup.log").touch()
    result = machine.boot(sha256)
    assert "the log could not be saved" in result.stdout
    assert machine.calls[-1] == "shutdown -P now"


def test_metadata_that_come_at_the_third_try_are_enough(machine: Machine) -> None:
    late = '#!/bin/bash\necho "curl" >>"$CALLS"\n[ "$(grep -c curl "$CALLS")" -ge 4 ] || exit 22\n'
    machine.tool("curl", late + METADATA)
    assert machine.boot(machine.publish(PRINT_ARGUMENTS)).returncode == 0
    assert f"'{EVIDENCE}'" in machine.log


def test_without_its_own_id_an_instance_backs_up_nothing_and_powers_off(machine: Machine) -> None:
    machine.tool("curl", "#!/bin/bash\nexit 7\n")
    result = machine.boot(machine.publish("raise SystemExit('must never run')"))
    assert "try 4 of 5 failed: metadata" in result.stderr
    assert "the log could not be saved" in result.stdout
    assert "must never run" not in result.stdout
    assert machine.calls[-1] == "shutdown -P now"


def test_a_disk_without_a_temporary_folder_still_powers_off(machine: Machine) -> None:
    (machine.root / "tmp").rmdir()
    machine.boot(machine.publish(PRINT_ARGUMENTS))
    assert machine.calls[-1] == "shutdown -P now"
