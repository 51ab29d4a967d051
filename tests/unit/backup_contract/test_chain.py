"""Chains of overlays: their keys, their document, and what a manifest says of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument, Link, chain_of
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest, by_kind
from backup_contract.documents.parts.entries import by_identity

BASE = "github_backups/octo/hello.zip"
SHA256 = "ab" * 32
CHAIN = "ab" * 6
RUN = "2026-11-27T17-00-00Z"


def document(links: int) -> ChainDocument:
    """A chain of so many overlays."""
    made = ChainDocument(BASE, CHAIN)
    for number in range(1, links + 1):
        made = made.with_link(
            Link(made.next_key, 100 + number, f"{number:064x}", RUN, f"{number:064x}", number)
        )
    return made


def manifest(result: ItemResult) -> Manifest:
    """A whole manifest of one repository."""
    now = datetime(2026, 11, 27, 17, tzinfo=UTC)
    entry = Entry(1, "octo", "hello", False, False, False, by_kind(result))
    return Manifest(RUN, 1, ["octo"], now, by_identity([entry]), 1, now, complete=True)


def chained(links: int = 2) -> ItemResult:
    """A repository whose base holds 5 refs, and its overlays more."""
    chain = chain_of(document(links), "c" * 64, 5)
    archive = Archive(BASE, 1000, SHA256, "2026-11-20T17-00-00Z")
    return ItemResult("backed-up", None, (), "d" * 64, 7, archive=archive, chain=chain)


@pytest.mark.parametrize(
    "base", [BASE, "github_backups/octo/hello.wiki.zip", "github_backups/octo/hello~7.zip"]
)
def test_the_key_of_an_overlay_tells_its_base_chain_and_number(base: str) -> None:
    key = layout.overlay(base, layout.chain_id(SHA256), 7)
    assert key == f"{base.removesuffix('.zip')}+{CHAIN}.0007.zip"
    assert layout.overlay_key(key) == (base, CHAIN, 7)
    assert layout.chain_document(base, CHAIN) == f"{base.removesuffix('.zip')}+{CHAIN}.json"


@pytest.mark.parametrize(
    "key",
    [
        *(BASE, layout.chain_document(BASE, CHAIN), f"github_backups/octo/hello+{CHAIN}.0000.zip"),
        *(f"github_backups/octo/hello+{CHAIN.upper()}.0001.zip", "github_backups/octo/c++.zip"),
        *(f"github_backups/octo/hello+{CHAIN}.00001.zip", f"x/a+b+{CHAIN}.0001.zip"),
    ],
)
def test_what_is_no_overlay_is_not_taken_for_one(key: str) -> None:
    assert layout.overlay_key(key) is None


def test_a_chain_document_is_read_as_it_was_written_and_only_grows_at_its_end() -> None:
    written = document(3)
    read = ChainDocument.from_bytes(written.to_bytes(), BASE, CHAIN)
    assert read == written
    assert read.key == f"github_backups/octo/hello+{CHAIN}.json"
    assert read.next_key.endswith(".0004.zip")
    longer = read.with_link(replace(read.links[0], key=read.next_key))
    assert longer.to_bytes().startswith(read.to_bytes())
    assert longer.first(3).digest == written.digest
    assert ChainDocument.from_bytes(longer.to_bytes(), BASE, CHAIN, most=3) == written


def test_the_fields_of_a_later_version_stay_in_a_document_that_grows() -> None:
    line = json.dumps(json.loads(document(1).lines[0]) | {"later": [1]}).encode() + b"\n"
    read = ChainDocument.from_bytes(line, BASE, CHAIN)
    assert read.links == document(1).links
    assert read.with_link(document(2).links[1]).to_bytes().startswith(line)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"{}\n", "line 1: key"),
        (document(2).to_bytes()[:-1], "line 2: it has no end"),
        (document(2).lines[1], "line 1: key is not"),
        (document(1).to_bytes() * 2, "line 2: key is not"),
        (b"\xff\n", "line 1: it is not UTF-8"),
        (document(1).lines[0].replace(b'"bytes":101', b'"bytes":-1'), "line 1: bytes"),
        (b"x" * (9 << 20), "bytes, "),
    ],
)
def test_a_damaged_chain_document_is_named_with_its_line(data: bytes, what: str) -> None:
    with pytest.raises(DamagedError, match=what) as caught:
        ChainDocument.from_bytes(data, BASE, CHAIN)
    assert caught.value.document == layout.chain_document(BASE, CHAIN)


def test_a_manifest_tells_of_base_and_overlays_and_counts_both() -> None:
    written = manifest(chained())
    read = Manifest.from_json(written.to_json())
    assert read == written
    (entry,) = read.entries.values()
    assert entry.git.chain == chain_of(document(2), "c" * 64, 5)
    assert read.totals["bytes_stored"] == 1000 + 101 + 102
    assert read.totals["bytes_uploaded"] == 102


def test_a_program_that_knows_no_chains_sees_the_base_as_what_it_is() -> None:
    (entry,) = json.loads(manifest(chained()).to_json())["repositories"]
    assert (entry["refs_digest"], entry["refs"]) == ("c" * 64, 5)
    assert (entry["archive"]["key"], entry["archive"]["bytes"]) == (BASE, 1000)
    assert (entry["chain"]["refs_digest"], entry["chain"]["refs"]) == ("d" * 64, 7)


@pytest.mark.parametrize(
    "change",
    [
        *({"id": "0" * 12}, {"links": 0}, {"links": 10_000}, {"digest": "ab"}, {"bytes": -1}),
        *({"run_id": "../x"}, {"refs": None}, {"last_bytes": 1.5}, {"refs_digest": 5}),
    ],
)
def test_a_damaged_chain_in_a_manifest_is_named(change: dict[str, Any]) -> None:
    written = json.loads(manifest(chained()).to_json())
    written["repositories"][0]["chain"].update(change)
    with pytest.raises(DamagedError, match=rf"repositories\[0\]\.chain\.{next(iter(change))}"):
        Manifest.from_json(json.dumps(written).encode())
