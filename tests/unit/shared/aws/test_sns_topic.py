"""Whatever a mail is made of, SNS can carry it."""

from typing import Any

from botocore.exceptions import ConnectTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.sns_topic import (
    BODY_BYTES,
    SUBJECT_CHARACTERS,
    Topic,
    fitting_body,
    fitting_subject,
)


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


@given(st.text(st.characters()))
def test_a_body_is_utf8_whatever_it_quotes(text: str) -> None:
    """A manifest is JSON, which may carry lone surrogates."""
    assert fitting_body(f"{text}\ud800").encode().endswith(b"?")


def test_a_body_has_no_control_characters_but_line_ends_and_tabs() -> None:
    assert fitting_body("a\0b\x1b[2Kc\rd\x9be\tf\n") == "a?b?[2Kc?d?e\tf\n"


class _Unreachable:
    """An SNS that no connection can be made to."""

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://sns")


def test_listeners_are_unknown_while_sns_cannot_be_reached() -> None:
    client: Any = _Unreachable()
    assert Topic(client, "arn").confirmed_subscriptions() is None
