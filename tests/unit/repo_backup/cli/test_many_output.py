"""What a restore of many repositories prints at its end."""

from pathlib import Path
from typing import Literal

import pytest

from backup_contract.kinds import ACCOUNT, DATA, GIT
from repo_backup.cli.many_output import ManyOutcome, print_outcome, print_rows
from repo_backup.restore.many import RestoredArchive

_State = Literal["restored", "present", "failed"]


def _row(repository: str, kind: str, state: _State = "restored") -> RestoredArchive:
    return RestoredArchive(repository, kind, "key", state, path=Path("/r"), reason="broken")


def test_an_accounts_data_is_named_for_people_and_counted_as_no_repository(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = _row("octo/", ACCOUNT, "failed")
    print_rows([account])
    rows = [_row("octo/hello", GIT), _row("octo/hello", DATA), account]
    print_outcome(ManyOutcome(rows, (), None, "/r"))
    printed = capsys.readouterr()
    assert "1 of 1 repositories restored to /r\n" in printed.out
    assert "NOT RESTORED: octo, account data: broken" in printed.out + printed.err
    print_outcome(ManyOutcome([_row("octo/", ACCOUNT)], (), None, "/r"))
    assert capsys.readouterr().out == "1 of 1 accounts' data restored to /r\n"
