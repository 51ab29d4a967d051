"""Whether an archive and its overlays lie where a run wrote down that they do."""

from dataclasses import replace
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link, chain_of
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.restore.archive_reader import ArchiveRef
from repo_backup.restore.points_in_time import expired, unrestorable_error
from repo_backup.runtime.errors import RepositoryError, StoreRefusedError
from repo_backup.store.base import Stored, Version
from repo_backup.store.chains import ChainListError, first_links, read_chain
from repo_backup.store.directory import DirectoryStore
from repo_backup.store.inventory import links_in_place, not_in_place

BASE = "github_backups/octo/hello.zip"
ARCHIVE = Archive(BASE, 1000, "ab" * 32, "2026-11-20T17-00-00Z", etag='"e"')
CHAIN = layout.chain_id(ARCHIVE.sha256)


def chain_document(links: int = 3) -> ChainDocument:
    """A chain whose overlays have 101, 102, … bytes and hold as many refs as their number."""
    made = ChainDocument(BASE, CHAIN)
    for number in range(1, links + 1):
        digest = f"{number:064x}"
        made = made.with_link(
            Link(made.next_key, 100 + number, digest, ARCHIVE.run_id, digest, number)
        )
    return made


DOCUMENT = chain_document()
WHOLE = ItemResult(
    "unchanged", refs_digest="d" * 64, refs=9, archive=ARCHIVE, chain=chain_of(DOCUMENT, "b", 1)
)
LISTED = {BASE: Stored(1000, '"e"'), **{each.key: Stored(each.bytes) for each in DOCUMENT.links}}
SECOND, LAST = DOCUMENT.links[1].key, DOCUMENT.links[2].key


def chain(result: ItemResult) -> Chain:
    """The chain that is there."""
    assert result.chain
    return result.chain


@pytest.mark.parametrize(
    ("listed", "wrong"),
    [
        (LISTED, ""),
        ({**LISTED, layout.overlay(BASE, CHAIN, 4): Stored(1)}, ""),
        ({**LISTED, layout.overlay(BASE, "0" * 12, 1): Stored(1)}, ""),
        ({k: v for k, v in LISTED.items() if k != BASE}, f"{BASE} is not at the source."),
        (
            {k: v for k, v in LISTED.items() if k != SECOND},
            f"{SECOND}, an overlay of {BASE}, is not at the source.",
        ),
        ({**LISTED, LAST: Stored(7)}, f"{LAST} has 7 bytes, not 103."),
        ({**LISTED, SECOND: Stored(7)}, f"The 3 overlays of {BASE} have 211 bytes, not 306."),
        (
            {**LISTED, BASE: Stored(1000, '"f"')},
            f"{BASE} was replaced by an object that no run recorded.",
        ),
    ],
)
def test_an_archive_is_in_place_when_its_base_and_all_overlays_are(
    listed: dict[str, Stored], wrong: str
) -> None:
    assert not_in_place([ItemResult("empty"), WHOLE], listed, settled=True) == wrong


def test_while_a_run_is_under_way_overlays_need_only_be_there() -> None:
    assert not not_in_place([WHOLE], {**LISTED, LAST: Stored(7)}, settled=False)
    missing = {k: v for k, v in LISTED.items() if k != SECOND}
    assert not_in_place([WHOLE], missing, settled=False).startswith(SECOND)
    assert links_in_place(ARCHIVE, chain(WHOLE), missing) == 1


@pytest.mark.parametrize(
    ("key", "archive"),
    [
        *((BASE, True), (SECOND, False), (DOCUMENT.key, False)),
        *(("github_backups/octo/.github.zip", True), ("github_backups/octo/a+b.zip", False)),
        ("github_backups/octo/damaged.json", False),
    ],
)
def test_neither_an_overlay_nor_a_document_is_taken_for_an_archive(key: str, archive: bool) -> None:
    assert layout.is_archive(key) is archive


def test_the_first_links_are_the_result_of_the_run_that_had_no_more() -> None:
    two = first_links(WHOLE, DOCUMENT, 2)
    assert (two.refs_digest, two.refs) == (DOCUMENT.links[1].refs_digest, 2)
    assert chain(two) == chain_of(chain_document(2), "b", 1)
    base = first_links(WHOLE, DOCUMENT, 0)
    assert (base.archive, base.chain, base.refs_digest, base.refs) == (ARCHIVE, None, "b", 1)
    assert first_links(WHOLE, DOCUMENT, 3) == WHOLE


def test_a_chain_is_read_as_the_run_had_it_though_others_have_added_to_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.write(DOCUMENT.key, chain_document(5).to_bytes())
    assert read_chain(store, BASE, chain(WHOLE)) == DOCUMENT
    hidden = "github_backups/octo/.github.zip"
    store.write(layout.chain_document(hidden, CHAIN), b"")
    assert layout.chain_document(hidden, CHAIN) in store.objects("github_backups/octo/")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, f"there is no {DOCUMENT.key}"),
        (b"{}\n", f"{DOCUMENT.key} is damaged: line 1: key is missing."),
        (chain_document(2).to_bytes(), "does not match the manifest: its first 3 lines differ"),
        (b" " * (9 << 20), "is damaged: it has 9437184 bytes, 8388608 at most"),
        (
            DOCUMENT.to_bytes().replace(b'"bytes":102', b'"bytes":103'),
            "does not match the manifest: its first 3 lines differ",
        ),
    ],
)
def test_a_document_that_is_not_what_the_manifest_says_is_named(
    tmp_path: Path, data: bytes | None, reason: str
) -> None:
    store = DirectoryStore(tmp_path)
    if data is not None:
        store.write(DOCUMENT.key, data)
    with pytest.raises(RepositoryError) as raised:
        read_chain(store, BASE, chain(replace(WHOLE)))
    assert reason in str(raised.value)
    assert DOCUMENT.key in str(raised.value)


class Reticent(DirectoryStore):
    """A store whose versions the reader has no right to list."""

    capabilities = replace(DirectoryStore.capabilities, versions=True)

    def versions(self, key: str) -> list[Version]:
        """Refused."""
        raise StoreRefusedError(f"S3 refuses {key}: AccessDenied")

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """Refused."""
        raise StoreRefusedError(f"S3 refuses {prefix}: AccessDenied")


def test_who_may_not_list_versions_reads_what_is_there_and_is_told_what_is_not_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Reticent(tmp_path)
    store.write(DOCUMENT.key, DOCUMENT.to_bytes())
    assert read_chain(store, BASE, chain(WHOLE)) == DOCUMENT
    store.write(DOCUMENT.key, b"")
    with pytest.raises(ChainListError, match="first 3 lines differ"):
        read_chain(store, BASE, chain(WHOLE))
    assert expired(store, []) == set()
    assert "it is not known which of these archives are expired" in caplog.text
    error = unrestorable_error(
        store, ArchiveRef("octo/hello", BASE, None, WHOLE), "r1", RepositoryError("it is gone")
    )
    assert str(error) == (
        f"octo/hello cannot be restored as of r1: it is gone\n"
        f"it is not known which other run can be: S3 refuses {BASE}: AccessDenied"
    )
