"""What opens something is never saved, and what GitHub counts by itself is no change."""

import json

import pytest

from repo_backup.hosts.github.data.fields_table import SECRET, clean, clean_text

PLANTED = "s3cr3t-that-opens-something"


@pytest.mark.parametrize("name", sorted(SECRET))
def test_a_secret_is_removed_wherever_it_stands(name: str) -> None:
    document = {"id": 1, "deep": [{name: PLANTED, "owner": {name: PLANTED}}], name: PLANTED}
    assert PLANTED not in json.dumps(clean(document))
    assert clean(document)["id"] == 1


@pytest.mark.parametrize(
    "url",
    [
        f"https://private-user-images.githubusercontent.com/1/2.png?jwt={PLANTED}",
        f"https://raw.githubusercontent.com/o/r/main/x?token={PLANTED}&y=1",
        f"https://bucket.s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature={PLANTED}",
        f"https://s3.amazonaws.com/x?X-Amz-Credential={PLANTED}%2Fus&X-Amz-Signature={PLANTED}",
        f"https://store.blob.core.windows.net/x?sp=r&sig={PLANTED}",
    ],
)
def test_a_signed_url_loses_what_opens_it_and_nothing_else(url: str) -> None:
    cleaned = clean_text(f"![x]({url}) and more")
    assert PLANTED not in cleaned
    assert cleaned.startswith("![x](https://")
    assert cleaned.endswith(") and more")


@pytest.mark.parametrize("name", ["url", "clone_url", "mirror_url", "homepageUrl", "href"])
def test_an_address_that_github_gives_opens_nothing(name: str) -> None:
    url = f"https://user:{PLANTED}@host.example/x?token={PLANTED}&page=2"
    assert clean({name: url}) == {name: "https://host.example/x?token=(removed)&page=2"}


@pytest.mark.parametrize(
    "text",
    [
        "a=b & token=x; see https://github.com/o/r/issues?q=is%3Aopen and me@example.com",
        "see https://tracker.example/browse?key=PROJ-12 and https://x.example/?auth=basic",
        "git clone ssh://git@host.example/o/r",
        "curl 'https://x.example/hook?token=EXAMPLE'",
    ],
)
def test_what_somebody_wrote_stays_as_it_is(text: str) -> None:
    assert clean({"title": text, "body": text, "homepage": text}) == {
        "title": text,
        "body": text,
        "homepage": text,
    }


def test_a_webhooks_address_is_saved_as_far_as_its_host() -> None:
    hook = {
        "id": 1,
        "config": {
            "url": f"https://hooks.slack.example/services/{PLANTED}",
            "secret": "********",
            "content_type": "json",
        },
        "last_response": {"code": 200},
    }
    assert clean(hook, "hook") == {
        "id": 1,
        "config": {"url": "https://hooks.slack.example/(removed)", "content_type": "json"},
    }


def test_counters_go_by_what_an_object_is() -> None:
    assert clean({"id": 1, "pushed_at": "x", "size": 3}, "repository") == {"id": 1}
    assert clean({"id": 1, "size": 3}) == {"id": 1, "size": 3}
    release = {"assets": [{"id": 1, "size": 3, "download_count": 7}]}
    assert clean(release) == {"assets": [{"id": 1, "size": 3}]}


def test_a_repository_inside_another_object_keeps_its_name_only() -> None:
    pull = {"head": {"repo": {"id": 1, "full_name": "o/r", "pushed_at": "x", "forks": 2}}}
    assert clean(pull) == {"head": {"repo": {"id": 1, "full_name": "o/r"}}}
