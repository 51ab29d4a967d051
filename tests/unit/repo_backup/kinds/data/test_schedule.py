"""What is due of a repository's data: each item within a quarter, settings each week."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from backup_contract.documents.parts.data_state import DataState, LackingSection
from backup_contract.moments import iso
from repo_backup.kinds.data.schedule import PAGE_ITEMS, due, passed

START = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER_DAYS = 13 * 7


def state(items: int, at: datetime = START) -> DataState:
    return DataState("s", items, 0, iso(at), iso(at))


def test_of_what_is_not_known_everything_is_due() -> None:
    first = due(None, "s", START, 7)
    assert (first.changed, first.settings, bool(first.reason)) == (True, True, True)


def test_a_signature_that_differs_and_a_reading_that_broke_off_are_due() -> None:
    assert not due(state(50), "s", START, 7).reason
    assert due(state(50), "t", START, 7).changed
    broken = DataState("s", 5, 0, iso(START), iso(START), (LackingSection("issues", "failed"),))
    assert due(broken, "s", START, 7).changed
    refused = DataState("s", 5, 0, iso(START), iso(START), (LackingSection("x", "not-permitted"),))
    assert not due(refused, "s", START, 7).reason


@pytest.mark.parametrize("every_days", [1 / 24, 1, 7])
@pytest.mark.parametrize("items", [1, 99, 100, 101, 2_500, 40_000])
def test_every_item_is_read_again_within_a_quarter_whenever_runs_come(
    items: int, every_days: float
) -> None:
    for number in (1, 500, 996):
        known, now, read, pages = state(items), START, 0, []
        while now < START + timedelta(days=QUARTER_DAYS):
            now += timedelta(days=every_days)
            found = due(known, "s", now, number)
            if found.rotation_items:
                read += found.rotation_items
                pages.append(found.rotation_items)
                known = DataState("s", items, 0, iso(now), known.settings_read_at)
        assert read >= items
        assert read <= 2 * items + 2 * PAGE_ITEMS
        assert max(pages) <= max(PAGE_ITEMS, items * (every_days / 84 + 0.01) + PAGE_ITEMS)


def test_settings_are_read_each_week_and_not_all_repositories_on_one_day() -> None:
    days = []
    for number in range(200):
        known, read = START, []
        for day in range(1, 29):
            now = START + timedelta(days=day)
            if due(state(0, known), "s", now, number).settings:
                read.append(day)
                known = now
        assert len(read) == 4
        assert all(later - earlier == 7 for earlier, later in pairwise(read))
        days.append(read[0])
    assert set(days) == set(range(1, 8))


def test_small_repositories_do_not_all_come_in_one_run() -> None:
    one_day = sum(
        due(state(50), "s", START + timedelta(days=1), number).rotation_items > 0
        for number in range(1000)
    )
    assert one_day < 40


def test_a_clock_that_is_a_little_behind_makes_nothing_due() -> None:
    assert passed(iso(START), START - timedelta(hours=20), 7, 3) == 0


def test_a_date_of_a_clock_that_was_ahead_does_not_put_off_what_is_due() -> None:
    found = due(state(250, START + timedelta(days=3650)), "s", START, 3)
    assert (found.settings, found.rotation_items) == (True, 100)
