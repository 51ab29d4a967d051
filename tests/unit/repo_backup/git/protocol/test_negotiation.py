"""Which old tips a server is told of: few, and those that new commits probably rest on."""

from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.negotiation import choose_haves


def _oid(number: int) -> str:
    return f"{number:040x}"


def _advertised(refs: dict[str, str]) -> Advertisement:
    return Advertisement("u", refs, {}, "refs/heads/main", None, "sha1", frozenset())


def test_the_default_branch_and_moved_refs_come_first() -> None:
    old = {f"refs/heads/a{number}": _oid(number) for number in range(20)}
    old |= {"refs/heads/main": _oid(100), "refs/tags/v1": _oid(101)}
    new = {**old, "refs/heads/a7": _oid(200), "refs/heads/main": _oid(100)}
    haves = choose_haves(old, _advertised(new), most=8)
    assert haves[:2] == [_oid(100), _oid(7)]
    assert len(haves) == 8
    assert _oid(101) in haves


def test_the_latest_pull_requests_are_among_them() -> None:
    old = {f"refs/pull/{number}/head": _oid(number) for number in range(1, 1000)}
    old |= {f"refs/heads/b{number}": _oid(10_000 + number) for number in range(1000)}
    haves = choose_haves(old, _advertised(old), most=10)
    assert {_oid(999), _oid(998), _oid(997)} <= set(haves)
    assert len(set(haves)) == len(haves) == 10


def test_one_object_is_named_once_however_many_refs_name_it() -> None:
    old = {f"refs/heads/b{number}": _oid(1) for number in range(50_000)}
    assert choose_haves(old, _advertised(old)) == [_oid(1)]
    assert choose_haves({}, _advertised(old)) == []
