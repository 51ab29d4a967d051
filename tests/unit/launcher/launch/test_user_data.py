"""User data is one script that survives any value and never outgrows EC2."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.launch.user_data import LIMIT_BYTES, render
from shared.errors import RefusedError

values = st.text(
    st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=40
)


@given(values, st.lists(values, max_size=4))
def test_bash_reads_back_exactly_what_was_written(value: str, arguments: list[str]) -> None:
    body = 'printf "%s\\0" "$NAME" "${ONLINE_BACKUP_ARGUMENTS[@]}"'
    script = render({"NAME": value}, arguments, body)
    printed = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    ).stdout
    # With no arguments printf still prints its pattern for NAME alone.
    assert printed.decode().split("\0")[:-1] == [value, *arguments]


def test_the_bootstrap_keeps_one_shebang_and_its_body() -> None:
    script = render({"A": "b c"}, ["--owner", "octo"], "#!/bin/bash\necho hello\n")
    assert script.splitlines() == [
        "#!/bin/bash",
        "export A='b c'",
        "ONLINE_BACKUP_ARGUMENTS=(--owner octo)",
        "echo hello",
    ]


def test_a_script_larger_than_ec2_takes_is_refused() -> None:
    with pytest.raises(RefusedError, match=str(LIMIT_BYTES)):
        render({}, [], "x" * LIMIT_BYTES)
