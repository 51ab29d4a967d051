"""Text of others on one line of ours."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_contract.text import CUT, MESSAGE_CHARACTERS, one_line

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters()))
def test_no_text_has_a_character_that_breaks_a_line_or_cannot_be_seen(text: str) -> None:
    for shown in (one_line(text), one_line(text, None)):
        assert not any(unicodedata.category(character) in UNSEEN for character in shown)
        assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    "hostile",
    [
        *("\0", "\x07", "\x1b", "\x7f", "\x80", "\x9b", "\x9f", "\xad", "\ud800"),
        *("\u061c", "\u180e", "\u200b", "\u200d", "\u200e", "\u202e", "\u2060", "\u2066"),
        *("\ufeff", "\ufff9", "\U000e0041", "\u3164", "\u034f", "\u2800", "\U000e0100"),
    ],
)
def test_what_nobody_can_see_becomes_a_question_mark(hostile: str) -> None:
    assert one_line(f"a{hostile}b") == "a?b"


@pytest.mark.parametrize("blank", [*"\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000"])
def test_blanks_of_any_kind_become_a_space(blank: str) -> None:
    assert one_line(f"a{blank}b") == "a b"


@pytest.mark.parametrize("name", ["octo/hello", "żółw", "日本語", "שלום", "two  blanks", "🚀"])
def test_what_can_be_read_is_left_alone(name: str) -> None:
    assert one_line(name) == name


def test_a_long_text_is_cut_at_a_word_with_a_mark() -> None:
    assert one_line("one two three", 9) == f"one two{CUT}"
    assert one_line("one two three", 7) == f"one two{CUT}"
    assert one_line("one two", 7) == "one two"


def test_a_word_without_end_is_cut_all_the_same() -> None:
    assert one_line("x" * 10**6) == "x" * MESSAGE_CHARACTERS + CUT
    assert one_line("a " + "x" * 100, 50) == "a " + "x" * 48 + CUT


def test_without_a_limit_nothing_is_cut() -> None:
    assert one_line("word " * 10**5, None) == "word " * 10**5
