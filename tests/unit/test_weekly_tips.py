"""Which commits the benchmark of real histories replays."""

import pytest

from tools.bench.histories.replay import Commit, weekly_tips


@pytest.mark.parametrize(
    ("weeks", "tips"),
    [(0, ["d"]), (1, ["c", "d"]), (3, ["a", "b", "c", "d"]), (4, ["a", "a", "b", "c", "d"])],
)
def test_a_week_ends_with_the_newest_commit_that_is_not_younger(
    weeks: int, tips: list[str]
) -> None:
    day = 86400
    dates = {"d": 40 * day, "c": 32 * day, "b": 26 * day, "a": 5 * day}
    commits = [Commit(oid, seconds) for oid, seconds in dates.items()]
    assert weekly_tips(commits, weeks) == tips
