"""The history of a pack without the pack: what each commit and tag in it leads to."""

import hashlib
import struct

import pytest

from repo_backup.git.packs.pack_history import DamagedHistoryError, PackHistory, encode_history
from repo_backup.git.packs.pack_index import PackIndex


def _id(number: int) -> bytes:
    return bytes([number]) * 20


def _index(*numbers: int) -> PackIndex:
    fanout = [sum(number <= first for number in numbers) for first in range(256)]
    count = len(numbers)
    data = b"\xfftOc\0\0\0\2" + struct.pack(">256I", *fanout) + b"".join(map(_id, numbers))
    data += bytes(8 * count) + b"checksum of the pack"
    return PackIndex(data + hashlib.sha1(data).digest(), "sha1")


def test_parents_in_the_pack_and_elsewhere_come_back_in_their_order() -> None:
    history = {
        _id(1): (_id(200), _id(3), _id(201), _id(200)),
        _id(3): (),
        _id(5): (_id(200),),
    }
    index = _index(1, 2, 3, 5)
    answer = PackHistory(encode_history(history, index), index)
    assert {oid: answer.get(oid) for oid in history} == history
    assert [answer.get(_id(number)) for number in (2, 4, 200)] == [None, None, None]


def test_a_pack_without_commits_has_an_empty_history() -> None:
    index = _index(1)
    assert PackHistory(encode_history({}, index), index).get(_id(1)) is None


def test_a_history_of_another_pack_or_cut_short_is_refused() -> None:
    index = _index(1, 3)
    data = encode_history({_id(1): (_id(3), _id(9))}, index)
    for wrong in (b"", data[:-1], data + b"\0", b"x" + data[1:], data[:-20] + bytes(20)):
        with pytest.raises(DamagedHistoryError):
            PackHistory(wrong, index)
