"""What belongs to an account: who may ask for it, and the dates of stars."""

import pytest

from local_cloud.github import TokenRights
from local_cloud.github.data.rest.access import Caller
from tests.unit.local_cloud.data.asking import get, hub

MEMBERS = "/orgs/octo-org/members"


@pytest.mark.parametrize(
    ("rights", "status"),
    [
        (TokenRights(frozenset({"read:org"})), 200),
        (TokenRights(frozenset({"repo"})), 403),
        (TokenRights(None, permissions={"members": "read"}), 200),
        (TokenRights(None, permissions={"metadata": "read"}), 403),
    ],
)
def test_members_are_told_to_tokens_with_the_right(rights: TokenRights, status: int) -> None:
    api = hub()
    api.data.accounts["orgs/octo-org/members"] = ["octo"]
    answer = get(api, MEMBERS, Caller("token", "octo", rights))
    assert answer.status == status
    accepted = {"X-Accepted-GitHub-Permissions": "members=read"}
    if rights.scopes is not None:
        accepted = {"X-Accepted-OAuth-Scopes": "read:org"}
    assert accepted.items() <= answer.headers.items()
    assert get(api, MEMBERS, Caller()).status == 401


def test_stars_have_dates_for_who_accepts_them() -> None:
    api = hub()
    api.data.accounts["users/octo/starred"] = ["octo/hello", "someone/else"]
    assert [each["full_name"] for each in get(api, "/users/octo/starred").body][1] == "someone/else"
    dated = get(api, "/users/octo/starred", accept="application/vnd.github.star+json").body
    assert "starred_at" in dated[0]
