"""Whatever a mail is made of, SNS can carry it."""

from hypothesis import given
from hypothesis import strategies as st

from shared.topic import BODY_BYTES, SUBJECT_CHARACTERS, fitting_body, fitting_subject


@given(st.text())
def test_a_subject_is_one_short_line_of_printable_ascii(text: str) -> None:
    line = fitting_subject(text)
    assert len(line) <= SUBJECT_CHARACTERS
    assert all(" " <= character < "\x7f" for character in line)


def test_a_long_body_is_cut_at_a_character_and_says_so() -> None:
    cut = fitting_body("ü" * BODY_BYTES)
    assert len(cut.encode()) <= BODY_BYTES
    assert "report.json" in cut


def test_a_body_that_fits_is_left_alone() -> None:
    assert fitting_body("short") == "short"
