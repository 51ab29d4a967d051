"""How many requests project data takes, against figures worked out by hand."""

import pytest

from repo_backup.health.data_requests import data_requests


def test_a_repository_without_issues_takes_its_weekly_lists_and_the_one_question() -> None:
    found = data_requests([{}])
    assert (found.first, found.week) == (11, 11)


def test_issues_and_pull_requests_take_pages_of_what_is_said_in_them() -> None:
    """100 repositories with 100 issues and 100 pull requests each.

    Lists: 1,000, and 500 more; (20,000 x (1 + 3 + 5) + 10,000 x (1 + 3)) / 100 = 2,200. GraphQL:
    100 + 100 + 2. A week: 1,000 lists, 20,000 / 12 / 100 = 16.7 pages in rotation, 2 questions.
    """
    found = data_requests([{"issues": 100, "pulls": 100}] * 100)
    assert found.first == 1000 + 500 + 2200 + 202
    assert found.first_hours == pytest.approx(3700 / 4000)
    assert found.week == 1000 + 17 + 2
    assert found.week_hours == pytest.approx(1019 / 4000)


def test_the_limit_that_lasts_longer_counts() -> None:
    """50,000 discussions: 2,000 GraphQL questions of 7 points, and hardly any by REST."""
    found = data_requests([{"discussions": 50_000}])
    assert found.first_hours == pytest.approx((2000 * 7 + 1) / 4000)


def test_an_account_of_nothing_takes_nothing() -> None:
    assert data_requests([]).first == 0
