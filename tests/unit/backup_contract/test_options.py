"""What the options' words must look like, in Python and as regular expressions."""

import argparse
import re

import pytest

from backup_contract.options.values import between, number, size


@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (0, 9), (1, 64), (7, 12), (37, 64), (0, 100), (95, 1203), (1, 3600)]
)
def test_the_expression_of_a_range_matches_its_numbers_and_no_others(low: int, high: int) -> None:
    matching = re.compile(between(low, high))
    found = [each for each in range(high * 10 + 20) if matching.fullmatch(str(each))]
    assert found == list(range(low, high + 1))


@pytest.mark.parametrize(
    ("text", "kib"),
    [("1024", 1), ("500M", 500 * 1024), ("2g", 2 * 1024**2), ("2GiB", 2 * 1024**2), ("64kB", 64)],
)
def test_a_size_is_told_in_kib(text: str, kib: int) -> None:
    assert size(text) == kib


@pytest.mark.parametrize("text", ["", "0", "65", "-1", "1.5", "٣", " 1"])
def test_what_is_no_number_within_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number from 1 to 64"):
        number(1, 64)(text)
    assert number(1, 64)("0064") == 64
