"""``make demo OWNER=…`` asks GitHub before it builds anything."""

import pytest

from local_cloud.demo.asking import ask
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.catalogue import Account
from local_cloud.session import SessionError


def test_it_says_how_much_the_account_has(hub: GitHubStandIn) -> None:
    assert ask("octo", hub.api_url, CORPUS_TOKEN).startswith("8 repositories, ")


@pytest.mark.parametrize("owner", ["nobody", "bare"])
def test_an_account_without_anything_to_back_up_ends_it(hub: GitHubStandIn, owner: str) -> None:
    hub.catalogue.accounts["bare"] = Account("bare")
    with pytest.raises(SessionError) as raised:
        ask(owner, hub.api_url, "")
    answer = f"{raised.value} {raised.value.details}"
    assert "no user or organization named" in answer or "no repositories of bare" in answer


def test_a_network_that_is_not_there_ends_it_with_a_sentence() -> None:
    with pytest.raises(SessionError) as raised:
        ask("octo", "http://127.0.0.1:1", "")
    assert "cannot be reached (nothing answers there)" in raised.value.details
