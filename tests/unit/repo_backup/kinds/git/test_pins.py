"""How old a pin is: by the run that had last what upstream dropped."""

import pytest

from repo_backup.kinds.git.compaction import is_outdated

NOW = "2026-11-27T17-00-00Z"


@pytest.mark.parametrize(
    ("name", "days", "outdated"),
    [
        ("refs/kept/2026-11-20T17-00-00Z/heads/x", 7, False),
        ("refs/kept/2026-11-20T16-59-59Z/heads/x", 7, True),
        ("refs/kept/2025-11-20T17-00-00Z/heads/x", 400, False),
        ("refs/kept/by-hand/heads/x", 1, False),
        ("refs/heads/2020-11-20T17-00-00Z", 1, False),
        ("2020-11-20T17-00-00Z/heads/x", 1, False),
    ],
)
def test_a_pin_is_outdated_after_so_many_days(name: str, days: int, outdated: bool) -> None:
    assert is_outdated(name, NOW, days) is outdated


def test_a_run_with_a_name_of_its_own_tells_no_time() -> None:
    assert not is_outdated("refs/kept/2020-11-20T17-00-00Z/heads/x", "by-hand", 1)
