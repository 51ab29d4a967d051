"""One glance answers whether everything is backed up, when that was proven, and what is wrong."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Entry, ItemResult
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.progress import Progress
from backup_contract.kinds import LFS
from backup_contract.visibility import Visibility
from repo_backup.page.advice import run_now
from repo_backup.page.repository_status import Tone
from tests.unit.repo_backup.page.runs import Runs, entry, passed_over


def glance(runs: Runs, **later: float) -> tuple[Tone, str]:
    output = runs.page(runs.soon + timedelta(**later)).headline
    return output.tone, output.title


def test_after_a_verified_run_everything_is_backed_up(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "empty"))
    assert glance(runs) == (Tone.GOOD, "Everything is backed up")
    assert runs.page().concerns == ()


def test_the_headline_excepts_what_options_exclude(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "skipped"))
    title = "Everything is backed up, except 1 excluded repository"
    assert glance(runs) == (Tone.GOOD, title)
    assert runs.page().concerns == ()
    runs.add(entry(1), entry(2, "skipped"), entry(3, "skipped"))
    assert glance(runs)[1].endswith(", except 2 excluded repositories")


@pytest.mark.parametrize(
    ("visibility", "tone", "title"),
    [
        (
            [Visibility("octo", "public", 2)],
            Tone.WATCH,
            "All visible repositories are backed up (public only)",
        ),
        (
            [Visibility("octo", "all", 29, 30)],
            Tone.WATCH,
            "All visible repositories are backed up (29 of 30 repositories visible)",
        ),
        (
            [Visibility("octo", "unknown", 2)],
            Tone.GOOD,
            "All visible repositories are backed up (2 repositories visible, total unknown)",
        ),
        ([], Tone.GOOD, "All listed repositories are backed up"),
    ],
    ids=["public", "fewer", "unknown", "older"],
)
@pytest.mark.parametrize("verdict", ["verified", None])
def test_everything_is_said_only_where_all_is_visible(
    runs: Runs, visibility: list[Visibility], tone: Tone, title: str, verdict: str | None
) -> None:
    runs.add(entry(1), entry(2, "empty"), verdict=verdict, visibility=visibility)
    assert glance(runs) == (tone, title)
    assert bool(runs.page().concerns) == (tone is Tone.WATCH)


def test_a_page_of_run_reports_alone_tells_what_was_visible(runs: Runs) -> None:
    runs.add(entry(1))
    seen = [Visibility("octo", "public", 1).document]
    runs.add(entry(1), manifest=False)
    path = runs.root / "runs" / runs.ids[-1] / "report.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "visibility": seen}))
    assert runs.read().runs[-1].coverage.label == "public only"


def test_without_a_reporter_the_programs_word_counts_and_is_called_that(runs: Runs) -> None:
    runs.add(entry(1), verdict=None)
    assert glance(runs) == (Tone.GOOD, "Everything is backed up")
    fact = runs.page().facts[0]
    assert (fact.label, fact.value) == ("Last complete run", "Fri 2026-11-06")
    assert fact.note == "by the program alone; no reporter checked it"


def test_failed_repositories_are_counted_and_named(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "failed", reason="500"), verdict="partial")
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z, "
        "ended partial with 1 of 2 failed",
    )
    (concern,) = runs.page().concerns
    assert concern.title == "1 repository could not be backed up"
    assert concern.lines == (("octo/repo-2", "500"),)


def test_long_lists_are_cut_with_a_count(runs: Runs) -> None:
    runs.add(*(entry(n, "failed", reason="500") for n in range(1, 31)), verdict="partial")
    (concern,) = runs.page().concerns
    assert (len(concern.lines), concern.more) == (12, 18)


@pytest.mark.parametrize(
    "verdict", ["interrupted", "timed-out", "failed", "not-launched", "missed"]
)
def test_a_newest_run_without_a_backup_is_what_is_said_first(runs: Runs, verdict: str) -> None:
    runs.add(entry(1))
    runs.add(manifest=False, verdict=verdict)
    assert glance(runs) == (Tone.BAD, f"The newest run, 2026-11-13T17-00-00Z, ended {verdict}")
    page = runs.page()
    assert page.facts[0].value == "Fri 2026-11-06", "that one was verified"
    assert page.concerns[0].title == f"The run of Fri 2026-11-13 ended {verdict}"
    assert page.concerns[0].advice


def test_a_failed_wiki_is_a_failed_run(runs: Runs) -> None:
    runs.add(entry(1, wiki=ItemResult("failed", "500")), verdict="partial")
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z, "
        "ended partial with 1 of 1 failed",
    )


def test_an_unverified_run_is_never_good(runs: Runs) -> None:
    runs.add(entry(1), verdict="unverified", problems=["somebody/else: is odd"])
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z, ended unverified",
    )


def test_a_run_under_way_does_not_hide_the_one_before(runs: Runs) -> None:
    runs.add(entry(1))
    runs.add(entry(1), complete=False, verdict=None)
    said_at = datetime(2026, 11, 13, 17, 59, 50, tzinfo=UTC)
    progress = Progress(1, "backing-up", 1, 1, run_id=runs.ids[-1], updated_at=said_at)
    runs.put(layout.progress(runs.ids[-1]), progress.to_json())
    started = -24.0 + 1
    assert glance(runs, hours=started) == (Tone.GOOD, "Everything is backed up")
    assert glance(runs) == (Tone.BAD, "The newest run, 2026-11-13T17-00-00Z, is unfinished")


def test_without_a_schedule_eight_days_are_too_old(runs: Runs) -> None:
    for _ in range(3):
        runs.add(entry(1))
    assert glance(runs, days=6)[0] is Tone.GOOD
    output = (Tone.BAD, "The newest good run is 21 days old, more than 8")
    assert glance(runs, days=20) == output
    assert runs.page(runs.soon + timedelta(days=20)).concerns[0].title == output[1]


def test_the_schedule_of_the_newest_report_says_what_is_too_old(runs: Runs) -> None:
    monthly = {"expression": "cron(0 17 6 * ? *)", "timezone": "UTC", "state": "ENABLED"}
    runs.add(entry(1), schedule=monthly)
    assert glance(runs, days=20)[0] is Tone.GOOD
    assert glance(runs, days=30) == (
        Tone.BAD,
        "The newest good run is 31 days old, and another was due Sun 2026-12-06 17:00 UTC: "
        "cron(0 17 6 * ? *)",
    )


def test_where_a_document_cannot_be_read_nothing_is_said_to_be_well(runs: Runs) -> None:
    runs.add(entry(1))
    runs.put(f"runs/{runs.ids[0]}/report.json", b"{")
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z, has an unreadable report",
    )
    assert runs.page().concerns[-1].title == "1 document could not be read"


def test_what_is_not_wrong_is_worth_knowing(runs: Runs) -> None:
    runs.add(entry(1, lfs=True), entry(2, warnings=("odd history",)), entry(3))
    runs.add(entry(1, lfs=True), entry(2, warnings=("odd history",)), entry(4, "skipped"))
    runs.put("github_backups/octo/stranger.zip", b"")
    assert [note.title for note in runs.page().notes] == [
        "1 repository no longer listed by GitHub",
        "1 repository excluded by options",
        "1 repository uses Git LFS",
        "1 warning",
        "1 archive that no manifest names",
    ]


def test_costs_are_those_of_the_last_twelve_months(runs: Runs) -> None:
    for _ in range(60):
        runs.add(entry(1), usd_run=0.01, usd_storage_per_month=0.5)
    costs = runs.page().facts[-1]
    assert (costs.value, costs.note) == (
        "0.0100 USD",
        "the newest run; 0.5300 USD in the last twelve months",
    )
    assert "1 archive, 0.5000 USD a month" in runs.page().facts[3].note


def test_a_narrowed_run_does_not_make_well_what_it_passed_over(runs: Runs) -> None:
    failed = entry(2, "failed", reason="500")
    runs.add(entry(1), failed, verdict=None)
    runs.add(entry(1), passed_over(failed), verdict=None, only=["repo-1"])
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-13T17-00-00Z (only repo-1), "
        "ended with 1 of 2 failed",
    )
    runs.add(passed_over(entry(1)), entry(2), verdict=None, only=["repo-2"])
    # What is mended is as old as the run of everything.
    late = "The newest good run of everything is 15 days old, more than 8"
    assert glance(runs) == (Tone.BAD, late)
    assert runs.page().runs[0].meaning.startswith("narrowed to repo-2: that is backed up")


def test_what_was_unsaved_needs_attention_with_what_to_do(runs: Runs) -> None:
    runs.add(entry(1), passed_over(entry(2, "skipped")), verdict=None, only=["repo-1"])
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z (only repo-1), "
        "passed over 1 of which nothing is saved",
    )
    (concern,) = runs.page().concerns
    assert concern.title == "1 repository not saved"
    assert concern.advice.endswith('invoke the launcher with {"only": ["octo/repo-2"]}.')


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        ("failed", "The newest run of everything, 2026-11-13T17-00-00Z, ended failed"),
        ("unverified", "The newest run of everything, 2026-11-13T17-00-00Z, ended unverified"),
    ],
)
def test_a_narrowed_run_does_not_hide_how_the_newest_of_everything_ended(
    runs: Runs, verdict: str, title: str
) -> None:
    runs.add(entry(1))
    runs.add(entry(1), manifest=verdict != "failed", verdict=verdict, problems=["elsewhere: odd"])
    runs.add(passed_over(entry(1)), only=["x"])
    tone, output = glance(runs)
    assert (tone, output.startswith(title)) == (Tone.BAD, True), output
    assert runs.page().facts[0].value == "Fri 2026-11-06", "narrowed runs prove nothing of all"


def test_narrowed_runs_do_not_make_the_newest_of_everything_younger(runs: Runs) -> None:
    for _ in range(3):
        runs.add(entry(1))
    for _ in range(3):
        runs.add(passed_over(entry(1)), only=["x"])
    tone, output = glance(runs)
    assert (tone, output) == (
        Tone.BAD,
        "The newest good run of everything is 22 days old, more than 8",
    )


def test_of_narrowed_runs_alone_nothing_is_said_of_everything(runs: Runs) -> None:
    runs.add(entry(1), only=["*"])
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the good ones were narrowed",
    )


@pytest.mark.parametrize("left", [(), (entry(1, "skipped"), entry(2, "empty"))])
def test_where_nothing_is_backed_up_that_is_said(runs: Runs, left: tuple[Entry, ...]) -> None:
    runs.add(*left, verdict=None)
    assert glance(runs) == (
        Tone.BAD,
        "No run here can be relied on; the newest, 2026-11-06T17-00-00Z, "
        "left nothing to rely on (no archive, or its restore drill failed)",
    )


def test_a_drill_that_could_not_be_done_blames_no_archive(runs: Runs) -> None:
    run_id = runs.add(entry(1))
    path = runs.root / "runs" / run_id / "manifest.json"
    undone = {"key": "github_backups/octo/repo-1.zip", "ok": None, "reason": "no disk"}
    drill = {"ok": True, "checked": [undone]}
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "drill": drill}))
    assert glance(runs) == (Tone.GOOD, "Everything is backed up")
    assert runs.page().facts[1].value == "never"


def test_what_the_newest_run_said_is_not_told_beneath_an_answer_that_it_contradicts(
    runs: Runs,
) -> None:
    runs.add(entry(1), entry(2), reason="Everything that GitHub lists is in the bucket.")
    answer = runs.page().headline
    assert answer.tone is Tone.GOOD
    assert answer.reason.endswith("Everything that GitHub lists is in the bucket.")
    (runs.root / entry(2).archives[0].key).unlink()
    answer = runs.page().headline
    assert answer.tone is Tone.BAD
    assert answer.reason == "The run of Fri 2026-11-06 itself ended verified."


def test_advice_is_the_smallest_run_that_helps(runs: Runs) -> None:
    runs.add(entry(1), entry(2), entry(3, "failed", reason="500"), verdict="partial")
    (runs.root / entry(2).archives[0].key).unlink()
    failed, missing = runs.page().concerns
    assert failed.advice.endswith(
        'The next run tries again. To run now, invoke the launcher with {"only": ["octo/repo-3"]}.'
    )
    assert missing.advice.endswith('{"only": ["octo/repo-2"]}.')
    runs.add(entry(1), verdict="unverified", problems=["octo/repo-1: another version"])
    run, unsound = runs.page().concerns[:2]
    for each in (run, unsound):
        assert each.advice.endswith('{"only": ["octo/repo-1"], "full": true}.'), each


def test_a_name_that_is_none_of_githubs_and_many_names_are_in_no_command() -> None:
    assert run_now(["octo/$(x)"], "s3://b").endswith("with {}.")
    assert run_now([f"octo/{n}" for n in range(13)], "s3://b", full=True).endswith(
        '{"full": true}.'
    )
    output = run_now(["octo/a"], "/my disk", full=True)
    assert output.endswith("repo-backup backup --destination '/my disk' --only octo/a --full")


def test_large_files_are_a_figure_only_where_there_are_any(runs: Runs) -> None:
    runs.add(entry(1))
    assert "Large files" not in {fact.label for fact in runs.page().facts}
    numbers = Referred(3, 9_000_000, 2, 7_000_000)
    archive = Archive("github_backups/octo/repo-1~lfs.zip", 5, "0" * 64, "r")
    listed = ItemResult("backed-up", archive=archive, objects=numbers)
    runs.add(entry(1).having(LFS, listed))
    (fact,) = (fact for fact in runs.page().facts if fact.label == "Large files")
    assert fact.value == "7.0 MB"
    assert fact.note == (
        "2 of 3 LFS objects saved, 7.0 MB; 1 not saved, 2.0 MB (counted per repository)"
    )
    assert runs.page().repositories[0].further_bytes == {LFS: 7_000_005}
