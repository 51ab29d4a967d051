"""Whether a chain can grow, by its document, the manifest and a listing."""

from dataclasses import replace

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link, chain_of
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


@pytest.mark.parametrize("named", [0, 1, 3])
@pytest.mark.parametrize("unlisted", [0, 1])
def test_a_chain_grows_behind_what_is_listed_and_one_overlay_that_is_not(
    named: int, unlisted: int
) -> None:
    document = _document(3)
    chain = chain_of(document.first(named), None, 0) if named else None
    state = judge_chain(document, chain, _there(3 + unlisted))
    assert state.reason == ""
    assert state.unlisted == (Stored(4, "e") if unlisted else None)


def test_what_is_not_as_it_was_keeps_a_chain_from_growing() -> None:
    document = _document(3)
    chain = chain_of(document, None, 0)
    there = _there(3)
    cases = {
        "lists 2 of 3": (document.first(2), there),
        "is not what the manifest says": (
            replace(document, lines=(b"x\n", *document.lines[1:])),
            there,
        ),
        "0002.zip is not there": (document, {1: there[1], 3: there[3]}),
        "has 9 bytes, not 3": (document, {**there, 3: Stored(9, "e")}),
        "was replaced by something": (document, {**there, 3: Stored(3, "f")}),
        "0005.zip is an overlay that no run listed": (document, {**there, 5: Stored(5)}),
    }
    for reason, (listed, found) in cases.items():
        assert reason in judge_chain(listed, chain, found).reason
    assert "0005.zip" in judge_chain(document, chain, {**_there(5)}).reason


def test_a_chain_ends_where_its_numbers_end() -> None:
    document = _document(9999)
    assert "no room" in judge_chain(document, None, _there(9999)).reason
    assert "no room" in judge_chain(document.first(9998), None, _there(9999)).reason
