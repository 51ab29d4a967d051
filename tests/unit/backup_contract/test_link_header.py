"""``Link`` headers, written in every way that RFC 8288 allows."""

import pytest

from backup_contract.link_header import links_of, numbered, page_number

NEXT = "https://h/r?per_page=100&page=2"


@pytest.mark.parametrize(
    "header",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f"<{NEXT}>; rel='next'",
        f'<{NEXT}>;rel="next"',
        f'<{NEXT}> ; REL = "NEXT"',
        f'<{NEXT}>; rel="last next"',
        f'<{NEXT}>; title="the next; page, of <two>"; rel="next"',
        f'<{NEXT}>; rel="next"; rel="prev"',
        f"<{NEXT}>; anchor; rel=next; x=y",
        f'<https://h/r?page=1>; rel="prev", <{NEXT}>; rel="next"',
        f'<https://h/a,b;c?page=9>; rel="last",<{NEXT}>; rel=next',
        f"<https://h/none>, <{NEXT}>; rel=next",
        rf'<{NEXT}>; title="\"; rel=prev; \"<x>"; rel=next',
        f'junk, <{NEXT}>; rel="next"; title="it ends <here',
    ],
)
def test_the_next_page_is_found_however_the_header_is_written(header: str) -> None:
    assert links_of(header)["next"] == NEXT


@pytest.mark.parametrize(
    "header",
    ["", "next", f"<{NEXT}>", f'<{NEXT}>; title="rel=next"', f'<{NEXT}>; rel="prev"; rel="next"'],
)
def test_what_is_called_something_else_is_no_next_page(header: str) -> None:
    assert "next" not in links_of(header)


def test_of_two_next_pages_the_first_one_counts() -> None:
    assert links_of(f"<{NEXT}>; rel=next, <https://h/other>; rel=next")["next"] == NEXT


@pytest.mark.parametrize(
    ("url", "number"),
    [(NEXT, 2), ("https://h/r?page=31&a=1", 31), ("https://h/r?per_page=100", 0), ("page=3", 0)],
)
def test_the_number_of_a_page_is_read_from_its_address(url: str, number: int) -> None:
    assert page_number(url) == number


def test_the_first_page_has_the_address_of_the_list() -> None:
    assert numbered("https://h/r?per_page=100", 1) == "https://h/r?per_page=100"
    assert numbered("https://h/r?per_page=100", 2) == NEXT
