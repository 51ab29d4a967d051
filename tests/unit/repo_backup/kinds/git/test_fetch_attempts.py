"""How the next attempt goes after what went wrong in the last."""

import pytest

from backup_contract.documents.manifest import ItemResult
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.unserved import Refusal
from repo_backup.kinds.git.fetch_attempts import Attempts
from repo_backup.kinds.item_results import without_change
from repo_backup.runtime.errors import (
    IncompletePackError,
    RefusedPackError,
    RefusedWantError,
    RepositoryError,
    TransientError,
)

A, B, C = "a" * 40, "b" * 40, "c" * 40
REFS = {"refs/heads/main": A, "refs/tags/v1": B, "refs/pull/7/head": C}
KNOWN = Advertisement("", REFS, {}, "refs/heads/main", None, "sha1", frozenset())


def served(wants: object) -> None:
    """Nothing is refused."""


def test_the_first_attempt_asks_for_everything_and_asks_nothing_before() -> None:
    def never(wants: object) -> Refusal:
        raise AssertionError(wants)

    attempts = Attempts()
    assert attempts.wanted(KNOWN, never) is KNOWN
    assert attempts.unserved(KNOWN, KNOWN) is None


@pytest.mark.parametrize(
    ("oid", "name", "essential"),
    [(C, "refs/pull/7/head", False), (B, "refs/tags/v1", True), (A, "refs/heads/main", True)],
)
def test_what_the_server_refuses_is_left_out_and_named(
    oid: str, name: str, essential: bool
) -> None:
    attempts = Attempts()
    error = RefusedWantError(f"the server gave up: not our ref {oid}", oid, begun=False)
    assert attempts.after(error) is error
    refusal = Refusal(str(error), oid)
    wanted = attempts.wanted(KNOWN, lambda wants: refusal if oid in wants else None)
    assert REFS.items() - wanted.refs.items() == {(name, oid)}
    lacks = attempts.unserved(KNOWN, wanted)
    assert lacks
    output = f"upstream cannot serve {name} (the server gave up: not our ref {oid}); "
    assert (lacks.reason or lacks.warning or "").startswith(output)
    assert bool(lacks.reason) is essential
    earlier = ItemResult("backed-up", refs_digest=wanted.digest, unserved=lacks)
    assert without_change(KNOWN.digest, earlier)
    assert not without_change(wanted.digest, earlier)


def test_where_nothing_is_served_it_is_a_failure() -> None:
    attempts = Attempts()
    attempts.after(RefusedWantError("not our ref", None, begun=False))
    with pytest.raises(TransientError, match="gone"):
        attempts.wanted(KNOWN, lambda wants: Refusal("gone"))


def test_a_pack_that_lacks_a_tip_twice_is_fetched_without_it() -> None:
    attempts = Attempts()
    error = IncompletePackError("the pack lacks 1 of the advertised tips", (B,))
    attempts.wanted(KNOWN, served)
    assert attempts.after(error) is error
    assert attempts.wanted(KNOWN, served) is KNOWN
    assert attempts.after(error) is error
    assert attempts.wanted(KNOWN, served).tips == [A, C]


def test_a_pack_that_lacks_the_same_object_is_fetched_three_times_at_most() -> None:
    attempts = Attempts()
    error = IncompletePackError("git refuses the pack: did not receive expected object x")
    downloads = 0
    after: RepositoryError = error
    while isinstance(after, TransientError):
        wanted = attempts.wanted(KNOWN, served)
        downloads += 1
        after = attempts.after(error)
    assert (downloads, str(after)) == (3, str(error))
    assert wanted.refs.keys() == {"refs/heads/main", "refs/tags/v1"}


def test_without_pull_requests_the_same_object_is_asked_for_twice() -> None:
    attempts = Attempts()
    error = IncompletePackError("git refuses the pack: did not receive expected object x")
    attempts.wanted(KNOWN.without({C}), served)
    assert attempts.after(error) is error
    assert not isinstance(attempts.after(error), TransientError)


def test_a_pack_of_bad_form_is_looked_at_less_closely_once() -> None:
    attempts = Attempts()
    error = RefusedPackError("git refuses the pack: badDate")
    assert attempts.check_format
    attempts.after(error)
    assert attempts.check_format
    assert attempts.after(error) is error
    assert not attempts.check_format
    assert not isinstance(attempts.after(error), TransientError)


def test_an_object_that_a_refused_increment_lacked_is_asked_for_once_more_only() -> None:
    attempts = Attempts()
    attempts.wanted(KNOWN, served)
    attempts.after_increment(ProofError(f"a new object needs blob {B}, which is missing"))
    assert attempts.whole_only
    error = IncompletePackError(f"git refuses the pack: did not receive expected object {B}")
    assert attempts.after(error) is error
    wanted = attempts.wanted(KNOWN, served)
    assert wanted.refs.keys() == {"refs/heads/main", "refs/tags/v1"}
    assert not attempts.whole_only  # what is new of the rest may be good


def test_where_a_tip_is_not_served_what_is_new_of_the_rest_is_asked_for() -> None:
    attempts = Attempts()
    attempts.after_increment(ProofError("the server knows nothing of what is archived"))
    attempts.after(RefusedWantError(f"not our ref {C}", C, begun=False))
    assert not attempts.whole_only


def test_a_refused_increment_takes_no_close_look_from_the_whole() -> None:
    attempts = Attempts()
    attempts.after_increment(ProofError(f"git fsck refuses new objects: {A}: badDate"))
    error = RefusedPackError(f"git refuses the pack: {A}: badDate")
    assert attempts.after(error) is error
    assert attempts.check_format
    assert attempts.after(error) is error
    assert not attempts.check_format


def test_an_object_that_no_look_accepts_is_downloaded_three_times_whatever_git_says_of_it() -> None:
    attempts = Attempts()
    for words in ("missing", "missing"):
        error = RefusedPackError(f"git refuses the pack: {words} {A}")
        assert attempts.after(error) is error
    last = attempts.after(RefusedPackError(f"git refuses the pack: broken link to {A}"))
    assert not isinstance(last, TransientError)
