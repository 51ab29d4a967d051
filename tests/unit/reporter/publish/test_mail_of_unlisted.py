"""What the mail says of repositories that GitHub no longer lists, and of their archives."""

from dataclasses import replace

import pytest

from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.kinds import GIT, WIKI
from tests.unit.reporter.publish import samples
from tests.unit.reporter.publish.mails import PARTIAL, VERIFIED, body


def test_new_renamed_and_unlisted_repositories_are_told_apart_by_their_ids() -> None:
    text = body(PARTIAL)
    assert "New on GitHub:\n  - octo/new-idea" in text
    assert "octo/fork-of-linux is now octo/taken" in text
    assert "octo/old-thing: github_backups/octo/old-thing.zip (700.0 kB) is retained" in text


def test_what_is_no_longer_listed_is_named_with_each_archive_and_how_to_remove_it() -> None:
    text = body(VERIFIED)
    folder = "s3://onlinebackup-backupbucket-1x2y3z/github_backups/octo/"
    files = "--include old-thing.zip --include 'old-thing+*'"
    remove = f"aws s3 rm {folder} --recursive --exclude '*' {files}"
    assert f"old-thing.zip (700.0 kB) is retained until you remove it: {remove}\n" in text
    assert "(2 archives, 741.0 kB, of repositories no longer listed by GitHub)" in text
    assert "octo/older" not in text


@pytest.mark.parametrize(
    ("upstream", "answer"),
    [
        (Upstream("transferred", "acme/thing"), "was transferred to acme/thing"),
        (Upstream("visible", "octo/old-thing"), "is still visible on GitHub"),
        (None, "may still be on GitHub: GitHub did not say"),
    ],
)
def test_the_command_that_removes_an_archive_is_shown_for_what_is_not_visible_only(
    upstream: Upstream | None, answer: str
) -> None:
    assert VERIFIED.manifest
    kept = [replace(each, upstream=upstream) for each in samples.KEPT]
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=kept)))
    key = "github_backups/octo/old-thing.zip"
    assert f"  - octo/old-thing {answer}; {key} (700.0 kB) is retained\n" in text
    assert "aws s3 rm" not in text


def test_an_unlisted_ones_archive_is_its_own_and_not_its_namesakes() -> None:
    assert VERIFIED.manifest
    key = "github_backups/octo/old-thing.zip"
    taken = replace(samples.OLD_THING, id=99).having(
        GIT, replace(samples.KEPT[1].result, state="unchanged")
    )
    entries = {**VERIFIED.manifest.entries, taken.identity: taken}
    facts = replace(VERIFIED, manifest=replace(VERIFIED.manifest, entries=entries))
    text = body(facts)
    assert f"  - octo/old-thing: {key} (700.0 kB) is retained" in text
    assert "New on GitHub:\n  - octo/new-idea\n  - octo/old-thing\n" in text


def test_of_an_unlisted_one_without_an_archive_nothing_is_called_retained() -> None:
    assert VERIFIED.manifest
    gone = replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=[]))
    key = "github_backups/octo/old-thing.zip"
    assert f"  - octo/old-thing: its archive {key} is gone, or not as it was recorded\n" in body(
        gone
    )
    unsaved = samples.OLD_THING.having(GIT, ItemResult("failed"))
    before = replace(samples.BEFORE, entries=by_identity([unsaved]))
    assert "octo/old-thing: nothing was saved of it" in body(replace(gone, previous=before))


def test_a_manifest_without_a_list_of_what_is_kept_leaves_it_to_the_one_before() -> None:
    assert VERIFIED.manifest
    old = replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=None))
    answer = "octo/old-thing may still be on GitHub: GitHub did not say; "
    assert f"{answer}github_backups/octo/old-thing.zip (700.0 kB) is retained\n" in body(old)


def test_a_run_that_lists_nothing_is_mailed_with_its_reason_and_remedy() -> None:
    output = "GitHub lists no repository of octo; without a token only public ones are seen"
    failed = samples.SAMPLES["Failed"]
    last = failed.run.attempt.number
    empty = replace(
        samples.MANIFEST, attempt=last, complete=False, entries={}, kept=[], errors=[output]
    )
    text = body(replace(failed, manifest=empty))
    assert f"Errors of the whole run:\n  - {output}\n" in text
    assert text.index(output) < text.index("What to do:")
    earlier = replace(empty, attempt=last + 1)
    assert output not in body(replace(failed, manifest=earlier))


def test_a_wiki_that_is_gone_is_counted_and_named_with_its_archive() -> None:
    assert VERIFIED.manifest
    wiki = replace(
        samples.HELLO.results[WIKI],
        state="absent",
        warnings=("no longer exists; its archive is kept",),
    )
    entries = samples.MANIFEST.entries | by_identity([samples.HELLO.having(WIKI, wiki)])
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, entries=entries)))
    assert "1 wiki (1 absent)" in text
    assert "octo/hello.wiki: no longer exists; its archive is kept" in text
