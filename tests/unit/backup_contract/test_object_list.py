"""The list of binaries beside a chain, and what a manifest says of it."""

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.object_list import (
    ObjectListRef,
    object_lines,
    read_object_list,
    read_object_list_ref,
)

SIZES = {"a" * 64: 3, "0" * 64: 0}


def test_the_same_objects_make_the_same_lines() -> None:
    data = object_lines(SIZES)
    assert data == f'["{"0" * 64}",0]\n["{"a" * 64}",3]\n'.encode()
    assert object_lines(dict(reversed(SIZES.items()))) == data
    assert read_object_list(data) == SIZES
    assert read_object_list(b"") == {}


def test_what_is_added_at_the_end_leaves_the_list_of_an_earlier_run_as_it_was() -> None:
    data = object_lines(SIZES)
    ref = ObjectListRef.of(data)
    assert ref.confirms(data)
    assert ref.confirms(data + object_lines({"b" * 64: 1}))
    assert not ref.confirms(data[:-1])
    assert not ref.confirms(b"x" + data[1:])


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON\n",
        b'["aa",1]\n',
        f'["{"a" * 64}",-1]\n'.encode(),
        f'["{"a" * 64}",true]\n'.encode(),
        f'["{"a" * 64}"]\n'.encode(),
        f'["{"a" * 64}",1]'.encode(),
        b"\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_damaged_line_is_named(line: bytes) -> None:
    with pytest.raises(DamagedError, match="line 3"):
        read_object_list(object_lines(SIZES) + line)


@pytest.mark.parametrize("length", [0, -1, 1 << 40, "5"])
def test_a_length_that_no_list_has_is_refused(length: object) -> None:
    document = {"object_list": {"bytes": length, "sha256": "0" * 64}}
    with pytest.raises(DamagedError, match=r"object_list\.bytes"):
        read_object_list_ref(document, "object_list")


@pytest.mark.parametrize("key", ["octo/hello~data", "octo/.github~7~data"])
def test_the_key_of_a_list_tells_its_archive_and_chain(key: str) -> None:
    base = f"{layout.ARCHIVES}{key}.zip"
    listed = layout.object_list(base, "0123456789ab")
    assert listed == f"{layout.ARCHIVES}{key}+0123456789ab.objects.json"
    assert layout.object_list_key(listed) == (base, "0123456789ab")
    assert layout.as_put(listed.replace("+", " ")) == listed
    assert not layout.is_chain_document(listed)
    assert layout.overlay_key(listed) is None
    assert not layout.is_archive(listed)
    assert layout.object_list_key(layout.chain_document(base, "0123456789ab")) is None
