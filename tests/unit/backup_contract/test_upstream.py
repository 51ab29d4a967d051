"""What became of a repository on GitHub, as data and in words."""

import pytest

from backup_contract.documents.parts.upstream import Upstream, read_upstream, upstream_of


@pytest.mark.parametrize(
    ("now", "state", "sentence"),
    [
        ("octo/hello", "visible", "is still visible on GitHub"),
        ("octo/hi", "renamed", "was renamed to octo/hi"),
        ("Octo/hello", "renamed", "was renamed to Octo/hello"),
        ("other/hello", "transferred", "was transferred to other/hello"),
        (None, "not-visible", "is no longer visible on GitHub"),
    ],
)
def test_names_tell_what_became_of_it(now: str | None, state: str, sentence: str) -> None:
    upstream = upstream_of("octo/hello", now)
    assert (upstream.state, upstream.name, upstream.sentence) == (state, now, sentence)
    assert read_upstream(upstream.document) == upstream


@pytest.mark.parametrize(
    "document",
    [
        *(None, [], "not-visible", {}, {"state": "gone", "name": None}),
        *({"state": "not-visible", "name": "octo/hello"}, {"state": "renamed", "name": None}),
        *({"state": "renamed", "name": "a/b\n c"}, {"state": "transferred", "name": "a/../b"}),
        *({"state": ["renamed"], "name": "a/b"}, {"state": "visible", "name": 5}),
    ],
)
def test_what_is_no_answer_is_read_as_none(document: object) -> None:
    assert read_upstream(document) is None


def test_a_later_versions_fields_are_ignored() -> None:
    document = {"state": "not-visible", "name": None, "asked_at": "2027-01-01"}
    assert read_upstream(document) == Upstream("not-visible")
