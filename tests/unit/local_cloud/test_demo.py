"""``make demo OWNER=…`` refuses what is no account before it asks anybody."""

import argparse

import pytest

from local_cloud.demo.complete_run import account


@pytest.mark.parametrize("text", ["", "octocat", "octo-org"])
def test_an_account_or_none_is_accepted(text: str) -> None:
    assert account(text) == text


@pytest.mark.parametrize("text", ["octo/hello", "https://github.com/octo", "ghp_" + "Canary0" * 5])
def test_anything_else_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="name an account") as caught:
        account(text)
    assert text not in str(caught.value)
