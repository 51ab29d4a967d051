"""What changed between two manifests."""

from dataclasses import replace
from datetime import UTC, datetime

from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest
from backup_contract.kinds import GIT, LFS, WIKI
from repo_backup.restore.run_diff import differences, ref_changes

NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)


def saved(number: int, digest: str, sha256: str = "0", size: int = 10) -> Entry:
    """A repository with an archive."""
    archive = Archive(f"github_backups/octo/r{number}.zip", size, sha256 * 64, "r1")
    result = ItemResult("unchanged", refs_digest=digest * 64, archive=archive)
    return Entry(number, "octo", f"r{number}", False, False, False, {GIT: result})


def manifest(*entries: Entry) -> Manifest:
    """A run that listed these."""
    return Manifest("r1", 1, ["octo"], NOW, {each.identity: each for each in entries}, len(entries))


def test_repositories_are_the_same_by_their_id_and_other_by_their_refs() -> None:
    same, former = saved(1, "a"), saved(3, "a")
    before = manifest(same, saved(2, "a"), former, saved(4, "a"))
    after = manifest(
        saved(1, "a", sha256="1"),  # stored anew, with the same refs
        saved(2, "b", size=20),
        replace(former, name="new-name"),
        saved(5, "a"),
    )
    found = {each.item.name: each for each in differences(before, after)}
    assert {name: each.change for name, each in found.items()} == {
        "octo/r2": "changed",
        "octo/new-name": "renamed",
        "octo/r4": "gone",
        "octo/r5": "added",
    }


def test_each_kind_of_a_repository_is_compared_and_what_was_never_saved_is_not_there() -> None:
    failed = Entry(2, "octo", "r2", False, False, False, {GIT: ItemResult("failed", "why")})
    wiki = saved(1, "a").having(WIKI, saved(9, "c").git)
    empty = replace(failed, results={GIT: ItemResult("empty")})
    found = differences(manifest(saved(1, "a"), failed), manifest(wiki, empty))
    assert [(each.item.name, each.change) for each in found] == [
        ("octo/r1.wiki", "added"),
        ("octo/r2", "added"),
    ]
    (filled,) = differences(manifest(empty), manifest(saved(2, "a")))
    assert filled.change == "changed"


def test_a_list_of_lfs_objects_changes_with_its_content_and_not_with_the_refs() -> None:
    def with_list(digest: str, sha256: str) -> Manifest:
        return manifest(saved(1, "a").having(LFS, saved(1, digest, sha256).git))

    assert not differences(with_list("b", "0"), with_list("c", "0"))
    (found,) = differences(with_list("b", "0"), with_list("c", "1"))
    assert (found.item.kind, found.change) == (LFS, "changed")


def test_refs_are_new_gone_or_name_another_object() -> None:
    found = ref_changes({"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"})
    assert (found.added, found.gone, found.changed) == ({"d": "5"}, {"a": "1"}, {"c": ("3", "4")})
