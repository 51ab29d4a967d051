"""What a git server may say, and what is made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_backup.git.protocol import smart_http as git
from repo_backup.git.protocol.advertisement import refs_digest
from repo_backup.runtime.errors import AbsentError, RepositoryError, TransientError

A, B = "a" * 40, "b" * 40
SERVICE = b"# service=git-upload-pack\n"


def _lines(*refs: str, capabilities: str = "side-band-64k") -> list[bytes]:
    first, *rest = refs or [f"{'0' * 40} capabilities^{{}}"]
    return [SERVICE, f"{first}\0{capabilities}\n".encode(), *(f"{r}\n".encode() for r in rest)]


def test_refs_head_and_peeled_tags_are_told_apart() -> None:
    known = git.parse(
        "u",
        _lines(
            f"{A} HEAD",
            f"{A} refs/heads/main",
            f"{B} refs/tags/v1",
            f"{A} refs/tags/v1^{{}}",
            f"{B} refs/pull/1/head",
            f"{B} refs/pull/1/merge",
            capabilities="symref=HEAD:refs/heads/main object-format=sha1",
        ),
    )
    assert known.refs == {"refs/heads/main": A, "refs/tags/v1": B, "refs/pull/1/head": B}
    assert known.peeled == {"refs/tags/v1": A}
    assert (known.head, known.detached) == ("refs/heads/main", None)
    assert known.tips == [A, B]


def test_an_empty_repository_has_no_tips() -> None:
    assert git.parse("u", _lines()).tips == []


def test_a_detached_head_is_a_tip() -> None:
    known = git.parse("u", _lines(f"{B} HEAD", f"{A} refs/heads/main"))
    assert (known.head, known.detached, known.tips) == (None, B, [A, B])


@pytest.mark.parametrize(
    "name",
    [
        "refs/heads/../x",
        "refs/heads/a b",
        "refs/heads/x.lock",
        "evil",
        "refs/heads/a\\b",
        "refs//x",
    ],
)
def test_refs_that_git_forbids_are_refused(name: str) -> None:
    with pytest.raises(RepositoryError, match="forbids"):
        git.parse("u", _lines(f"{A} {name}"))


@pytest.mark.parametrize("name", ["refs/heads/δοκιμή", "refs/heads/a-b_c.d", "refs/heads/a/b@c"])
def test_odd_but_lawful_refs_are_kept(name: str) -> None:
    assert name in git.parse("u", _lines(f"{A} {name}")).refs


@pytest.mark.parametrize("first", [[SERVICE], []])
def test_an_error_of_the_server_is_tried_again_with_its_message(first: list[bytes]) -> None:
    answer = b"ERR Repository storage is temporarily unavailable\n"
    with pytest.raises(TransientError, match=r"storage is temporarily unavailable$"):
        git.parse("u", [*first, answer])
    with pytest.raises(TransientError, match="gave no reason"):
        git.parse("u", [*first, b"ERR "])


def test_only_what_github_answers_for_a_wiki_without_a_page_is_an_absence() -> None:
    answer = b"ERR access denied or repository not exported: /c/nw/cc/50/e1/1/1.wiki.git"
    with pytest.raises(AbsentError, match="repository not exported"):
        git.parse("u", [SERVICE, answer])


def test_what_is_no_list_of_refs_is_refused() -> None:
    for lines in ([], [b"<html>"], [SERVICE, b"nonsense"]):
        with pytest.raises(RepositoryError):
            git.parse("u", lines)


@given(
    st.dictionaries(
        st.sampled_from(["refs/heads/a", "refs/tags/b", "refs/c"]), st.text("ab", min_size=1)
    )
)
def test_the_digest_does_not_depend_on_the_order(refs: dict[str, str]) -> None:
    backwards = dict(reversed(refs.items()))
    assert refs_digest("x", refs) == refs_digest("x", backwards)


def test_the_digest_depends_on_head_names_and_objects() -> None:
    digests = {
        refs_digest(head, refs)
        for head in ("refs/heads/a", "refs/heads/b")
        for refs in ({"refs/heads/a": A}, {"refs/heads/a": B}, {"refs/heads/b": A})
    }
    assert len(digests) == 6
