"""What an option's word must look like, and what to say when it does not."""

import argparse
import re
from collections.abc import Callable

_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def number(low: int, high: int) -> Callable[[str], int]:
    """A whole number within these bounds."""

    def convert(text: str) -> int:
        if not re.fullmatch("[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return convert


def size(text: str) -> int:
    """KiB in ``500M``."""
    found = re.fullmatch(r"([0-9]{1,18})([KMG]?)i?B?", text, re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 500M or 2G")
    return int(found[1]) * _SIZES[found[2].upper()] // 1024
