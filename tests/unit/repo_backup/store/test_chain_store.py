"""Whether a chain can grow, by its document, the manifest and a listing."""

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link
from repo_backup.store.base import Stored
from repo_backup.store.chain_store import judge_chain

BASE, CHAIN = "github_backups/octo/a.zip", "0123456789ab"


def _document(count: int) -> ChainDocument:
    links = tuple(
        Link(layout.overlay(BASE, CHAIN, n), n, "a" * 64, "r1", "b" * 64, 1, etag="e")
        for n in range(1, count + 1)
    )
    return ChainDocument(BASE, CHAIN, tuple(link.line for link in links), links)


def _there(count: int) -> dict[int, Stored]:
    return {number: Stored(number, "e") for number in range(1, count + 1)}


@pytest.mark.parametrize("unlisted", [0, 1])
def test_a_chain_grows_behind_what_is_listed_and_one_overlay_that_is_not(unlisted: int) -> None:
    state = judge_chain(_document(3), _there(3 + unlisted))
    assert (state.reason, state.listed) == ("", 3)
    assert state.unlisted == ((Stored(4, "e"),) if unlisted else ())


def test_what_is_not_as_it_was_keeps_a_chain_from_growing_and_what_comes_before_can_be_read() -> (
    None
):
    document, there = _document(3), _there(3)
    cases = {
        "0002.zip is not there": ({1: there[1], 3: there[3]}, 1),
        "has 9 bytes, not 3": ({**there, 3: Stored(9, "e")}, 2),
        "was replaced by an object": ({**there, 3: Stored(3, "f")}, 2),
        "0005.zip is an overlay that no run listed": ({**there, 5: Stored(5)}, 3),
    }
    for reason, (found, listed) in cases.items():
        state = judge_chain(document, found)
        assert reason in state.reason
        assert (state.listed, state.unlisted) == (listed, ())
    assert "0005.zip" in judge_chain(document, _there(5)).reason


def test_overlays_whose_list_is_lost_are_all_there_or_none_may_follow() -> None:
    empty = _document(0)
    for further in (0, 1):
        state = judge_chain(empty, _there(3 + further), lost=3)
        assert (state.reason, len(state.unlisted)) == ("", 3 + further)
    assert "0003.zip is not there" in judge_chain(empty, _there(2), lost=3).reason
    assert "0005.zip is an overlay" in judge_chain(empty, _there(5), lost=3).reason
    state = judge_chain(empty, _there(3), lost=3, wrong="the list is gone")
    assert (state.reason, len(state.unlisted)) == ("the list is gone", 3)


def test_a_chain_ends_where_its_numbers_end() -> None:
    document = _document(9999)
    assert "no room" in judge_chain(document, _there(9999)).reason
    assert "no room" in judge_chain(document.first(9998), _there(9999)).reason
