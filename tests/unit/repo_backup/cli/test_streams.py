"""No command fails because of the streams that it was started with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.surplus import slow_but

COMMANDS = ["--help"], ["show", "--help"], ["list", "--source", "{empty}"]


def _run(
    arguments: list[str], redirection: str, empty: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    words = [word.format(empty=empty) for word in arguments]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "repo_backup", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", slow_but({2}, COMMANDS), ids=" ".join)
def test_closed_streams_change_no_exit_code_and_cause_no_traceback(
    arguments: list[str], tmp_path: Path
) -> None:
    as_usual = _run(arguments, "", tmp_path)
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        done = _run(arguments, closed, tmp_path)
        assert done.returncode == as_usual.returncode, closed
        assert b"Traceback" not in done.stderr + done.stdout


def test_a_character_that_the_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = _run(["--help"], "", tmp_path, **ascii_only)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"AWS_\u2026" in done.stdout
