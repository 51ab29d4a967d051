"""Which objects a server cannot serve, and how often it is asked for that."""

from collections.abc import Sequence

import pytest

from repo_backup.git.protocol.unserved import Refusal, find_unservable
from repo_backup.runtime.errors import TransientError

BRANCHES, PULLS = [f"b{n:03}" for n in range(100)], [f"p{n:03}" for n in range(1000)]


class Server:
    """Refuses what is ``bad``, and names it if it is ``named``."""

    def __init__(self, *bad: str, named: bool) -> None:
        self.bad = bad
        self.named = named
        self.questions = 0

    def __call__(self, wants: Sequence[str]) -> Refusal | None:
        self.questions += 1
        found = [oid for oid in self.bad if oid in wants]
        if not found:
            return None
        return Refusal("refused", found[0] if self.named else None)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("bad", [(), ("p500",), ("p000", "p999"), ("b042",), ("b000", "p001")])
def test_exactly_what_is_refused_is_found(named: bool, bad: tuple[str, ...]) -> None:
    server = Server(*bad, named=named)
    assert find_unservable(BRANCHES, PULLS, server).ids == set(bad)
    assert server.questions < 64


def test_what_is_named_takes_one_question_each() -> None:
    server = Server("p500", "p501", named=True)
    find_unservable(BRANCHES, PULLS, server)
    assert server.questions == 4


@pytest.mark.parametrize("named", [True, False])
def test_too_many_pull_requests_that_are_refused_are_all_left_out(named: bool) -> None:
    server = Server(*PULLS[::2], named=named)
    found = find_unservable(BRANCHES, PULLS, server).ids
    assert set(PULLS[::2]) <= found <= set(PULLS)
    assert server.questions == 64


def test_too_many_branches_that_are_refused_are_an_error() -> None:
    with pytest.raises(TransientError, match="many of its branches and tags: refused"):
        find_unservable(BRANCHES, PULLS, Server(*BRANCHES[1:80], named=True))


@pytest.mark.parametrize("branches", [["b1"], BRANCHES])
def test_a_server_that_serves_nothing_blames_no_object(branches: list[str]) -> None:
    server = Server(*BRANCHES, *PULLS, "b1", named=False)
    with pytest.raises(TransientError, match="refused"):
        find_unservable(branches, PULLS, server)
    assert server.questions <= 3
