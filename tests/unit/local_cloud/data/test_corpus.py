"""The demo's account has something of everything that a backup of its data holds."""

from local_cloud.github import Repository
from local_cloud.github.data import fill_corpus
from tests.unit.local_cloud.data.asking import BASE, get, hub


def test_the_demos_project_has_something_of_everything() -> None:
    api = hub("hello")
    api.catalogue.add(Repository(2, "octo", "secret", private=True))
    fill_corpus(api.catalogue, api.data, BASE)
    listed = get(api, "issues?state=all&direction=asc").body
    assert [(each["number"], "pull_request" in each) for each in listed] == [
        (1, True),
        (2, False),
        (3, False),
        (4, False),
    ]
    lists = ("issues/comments", "pulls/1/reviews", "pulls/comments", "labels", "milestones")
    assert all(get(api, each).body for each in (*lists, "releases", "hooks", "issues/events"))
    assert [*api.data.of(1).discussions] == [5]
    (attachment,) = api.data.attachments
    assert f"({BASE}{attachment})" in get(api, "issues/2").body["body"]
    assert get(api, "/repos/octo/secret/issues").body[0]["number"] == 1
