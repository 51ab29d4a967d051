"""The charts: their scales, and bars in proportion."""

import re

import pytest

from repo_backup.page.charts import LEAST_RUNS, Chart, draw
from tests.unit.repo_backup.page.runs import Runs, entry


def durations(runs: Runs, *seconds: float | None) -> Chart:
    for each in seconds:
        runs.add(entry(1), seconds=each)
    for _ in range(LEAST_RUNS - len(seconds)):
        runs.add(entry(1), seconds=None)
    charts = {each.id: each for each in draw(runs.page().runs[::-1])}
    return charts["duration"]


@pytest.mark.parametrize(
    ("seconds", "unit", "scale"),
    [
        (160.0, "minutes", ["0", "1", "2"]),
        (4062.0, "minutes", ["0", "20", "40", "60"]),
        (7200.0, "hours", ["0", "0.5", "1.0", "1.5", "2.0"]),
        (0.00007, "seconds", ["0", "0.00002", "0.00004", "0.00006"]),
        (0.7, "seconds", ["0", "0.2", "0.4", "0.6"]),
        (3.6e9, "hours", ["0", "500000", "1000000"]),
    ],
)
def test_a_scale_has_round_numbers_up_to_the_largest(
    runs: Runs, seconds: float, unit: str, scale: list[str]
) -> None:
    chart = durations(runs, seconds)
    assert chart.title == f"How long a run took, in {unit}"
    assert [each.text for each in chart.scale] == scale
    heights = [each.at for each in chart.scale]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == chart.bottom


def test_bars_are_in_proportion_within_the_drawing_and_never_too_small_to_be_seen(
    runs: Runs,
) -> None:
    chart = durations(runs, 100.0, None, 50.0, 0.0, 0.01)
    assert [each.tip.rpartition(": ")[2] for each in chart.bars] == ["2 min", "50 s", "0 s"]
    full, half, least = chart.bars
    assert full.height == pytest.approx(2 * half.height, abs=0.1)
    assert least.height == 1
    assert {round(each.y + each.height, 1) for each in chart.bars} == {chart.bottom}
    assert chart.left < full.x < half.x < least.x < chart.right
    assert full.y >= 0


def test_a_thousand_runs_have_a_bar_each_and_four_dates(runs: Runs) -> None:
    chart = durations(runs, *[60.0] * 1000)
    assert len(chart.bars) == 1000
    assert max(each.x + each.width for each in chart.bars) <= chart.right
    assert len(chart.dates) == 4
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", each.text) for each in chart.dates)


def test_few_runs_have_no_charts(runs: Runs) -> None:
    for _ in range(LEAST_RUNS - 1):
        runs.add(entry(1), seconds=60.0)
    assert draw(runs.page().runs) == []
    assert durations(runs, 60.0).bars


def test_no_label_reaches_beyond_the_drawing_in_the_letters_of_a_phone(runs: Runs) -> None:
    chart = durations(runs, *[3.6e9] * 60)
    assert chart.dates[0].at >= 46
    assert chart.dates[-1].at <= chart.width - 46
    letters = max(len(each.text) for each in chart.scale)
    assert chart.left - 5 >= letters * 16 * 0.55, "half of their height is how wide digits are"
