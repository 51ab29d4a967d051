"""What a run tells of rewrites: what each of its attempts found, and that everything is gone."""

from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.documents.parts.rewrites import Rewrites
from repo_backup.kinds.item_results import rewrites_in

_ARCHIVE = Archive("github_backups/octo/a.zip", 1, "a" * 64, "r1")
_FOUND = Rewrites("r1", more=2, refs_before=9)


def test_a_later_attempt_keeps_what_an_earlier_one_of_the_run_found() -> None:
    earlier = ItemResult("backed-up", refs=9, archive=_ARCHIVE, rewrites=_FOUND)
    assert rewrites_in(ItemResult("failed"), earlier, "r1") == _FOUND
    both = rewrites_in(ItemResult("backed-up", rewrites=Rewrites("r1", more=1)), earlier, "r1")
    assert both
    assert both.count == 3
    assert rewrites_in(ItemResult("unchanged"), earlier, "r2") is None


def test_a_repository_that_became_empty_lost_all_its_refs_once() -> None:
    earlier = ItemResult("unchanged", refs=9, archive=_ARCHIVE)
    found = rewrites_in(ItemResult("empty"), earlier, "r2")
    assert found == Rewrites("r2", more=9, refs_before=9, lost=9)
    emptied = ItemResult("empty", refs=9, archive=_ARCHIVE, rewrites=found)
    assert rewrites_in(ItemResult("empty"), emptied, "r3") is None
    assert rewrites_in(ItemResult("empty"), None, "r1") is None
