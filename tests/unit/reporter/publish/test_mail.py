"""The mail's first line can be trusted, problems come first, and everything fits."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import Entry, ItemResult
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.verdict import Kind, Verdict
from backup_contract.kinds import GIT, LFS, WIKI
from backup_contract.text import size
from backup_contract.visibility import Visibility
from reporter.publish.attempt_lines import refusals
from reporter.publish.facts import Facts
from reporter.publish.run_report import run_report
from reporter.publish.sections import About, Listing
from reporter.publish.subject import subject
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from shared.aws.sns_topic import BODY_BYTES, fitting_subject
from shared.model.run import Market, Outcome, PoolAnswer
from tests.unit.reporter.publish import samples

VERIFIED = samples.SAMPLES["Verified"]
PARTIAL = samples.SAMPLES["Partial"]


def body(facts: Facts) -> str:
    """The mail's text."""
    return as_text(summary(facts))


def test_the_summary_is_sections_that_another_channel_can_render() -> None:
    problems = tuple(f"octo/r{number}: no" for number in range(99))
    facts = replace(PARTIAL, verdict=replace(PARTIAL.verdict, problems=problems))
    message = summary(facts)
    told = [each.about for each in message.sections]
    assert told == [each for each in About if each in told]
    sections = {each.about: each.parts for each in message.sections}
    (whole,) = sections[About.PROBLEMS]
    assert whole == Listing("Problems", problems, "report.json")
    assert sections[About.VERDICT] == (f"PARTIAL: {facts.verdict.reason}",)
    assert all(each.parts for each in message.sections)
    assert "  - and 59 more, all in report.json" in as_text(message)


def test_the_page_of_sample_mails_is_what_the_code_writes() -> None:
    assert samples.PAGE.read_text() == samples.page(), (
        "run: python -m tests.unit.reporter.publish.samples"
    )


@pytest.mark.parametrize("title", samples.SAMPLES)
def test_every_subject_begins_with_its_verdict_and_has_the_date(title: str) -> None:
    facts = samples.SAMPLES[title]
    line = subject(facts)
    narrowed = f" (only {' '.join(facts.only)})" if facts.only else ""
    narrowed = f" ({facts.coverage.label})" if facts.coverage.label else narrowed
    assert line.startswith(f"[OnlineBackup] {facts.verdict.kind}{narrowed}: ")
    assert line.replace(narrowed, "").partition(" (")[0].endswith(", 2026-11-27")
    assert fitting_subject(line) == line


def test_rewritten_history_is_counted_in_the_subject_and_told_after_the_problems() -> None:
    facts = samples.SAMPLES["Verified, with rewritten history"]
    assert subject(facts).startswith("[OnlineBackup] verified: ")
    assert subject(facts).endswith("2026-11-27 (3 rewritten, 1 vanished)")
    assert summary(facts).sections[0].about is About.VERDICT
    text = body(replace(facts, keep_days=0))
    assert "  - octo/hello: tag v1.0 was moved from 4c4c4c4c4c4c to 5b5b5b5b5b5b\n" in text
    assert "can be restored from that backup: " in text
    assert "can be restored at least until 2027-11-27: " in body(facts)


def test_what_is_suspicious_is_the_first_line_and_in_the_subject_until_it_is_acknowledged() -> None:
    facts = samples.SAMPLES["Verified, and suspicious"]
    assert subject(facts).endswith("(SUSPICIOUS, 1 rewritten)")
    later = replace(VERIFIED, suspicions=facts.suspicions)
    assert "(SUSPICIOUS, " in subject(later)
    for each in (facts, later):
        line = body(each).partition("\n")[0]
        assert line.startswith("SUSPICIOUS: octo/hello: all branches and tags were replaced")
        assert line.endswith(
            f"repo-backup acknowledge {samples.RUN.id} --source s3://{samples.BUCKET}"
        )
        assert each.verdict.kind is Kind.VERIFIED


def test_the_run_report_has_what_was_rewritten_and_is_read_again() -> None:
    report = run_report(samples.SAMPLES["Verified, and suspicious"])
    assert (report.rewritten, len(report.rewrites)) == (1, 1)
    read = RunReport.from_json(json.dumps(report.document).encode())
    assert read.suspicions == report.suspicions


def test_counts_of_repositories_leave_out_their_wikis() -> None:
    assert "34 repositories, 3 changed" in subject(VERIFIED)


def test_large_files_are_counted_and_those_that_are_not_saved_are_told_of() -> None:
    manifest = VERIFIED.manifest
    assert manifest
    warning = "2 LFS objects (5.0 MB) are not saved"
    numbers = Referred(7, 12_000_000, 5, 7_000_000)
    listed = ItemResult("unchanged", warnings=(warning,), objects=numbers)
    entries = [*manifest.entries.values()]
    hello = entries[0].having(LFS, listed)
    changed = replace(manifest, entries=by_identity([hello, *entries[1:]]))
    text = body(replace(VERIFIED, manifest=changed))
    assert "Beside the archives 5 of 7 large files are saved, 7.0 MB" in text
    assert f"{hello.full_name}~lfs: {warning}" in text
    assert "large files" not in body(VERIFIED)


def test_problems_come_before_everything_else_with_what_to_do() -> None:
    text = body(PARTIAL)
    assert text.index("Problems:") < text.index("What to do:") < text.index("octo: 34 repo")


def test_the_restore_that_is_shown_is_not_of_an_archive_that_is_blamed() -> None:
    text = body(samples.SAMPLES["Unverified"])
    assert "Restore:  repo_backup restore octo/octo.github.io " in text


def test_every_verdict_has_a_sample() -> None:
    assert {facts.verdict.kind for facts in samples.SAMPLES.values()} == set(Kind)


def test_new_renamed_and_vanished_repositories_are_told_apart_by_their_ids() -> None:
    text = body(PARTIAL)
    assert "New on GitHub:\n  - octo/new-idea" in text
    assert "octo/fork-of-linux is now octo/taken" in text
    assert "octo/old-thing: github_backups/octo/old-thing.zip (700.0 kB) is kept" in text


def test_without_on_demand_the_advice_is_not_to_ask_for_it_right_away() -> None:
    facts = samples.SAMPLES["Interrupted"]
    assert 'invoke onlinebackup-launcher with {"on_demand": true}' in body(facts)
    forbidden = body(replace(facts, allow_on_demand=False))
    assert "invoke onlinebackup-launcher with {}" in forbidden
    assert "deploy with AllowOnDemand=true" in forbidden


def test_an_attempt_that_failed_is_told_with_its_own_last_words() -> None:
    attempt_lines = body(samples.SAMPLES["Failed"]).partition("How the run went:\n")[2].splitlines()
    assert attempt_lines[0].startswith("  - attempt 1 failed after 4 min (c7g.medium")
    assert attempt_lines[0].endswith("): repo_backup: octo: the listing failed: HTTP 503")


def test_a_run_whose_last_attempt_got_no_instance_does_not_claim_there_was_none() -> None:
    run = samples.SAMPLES["Failed"].run
    refused = replace(run.attempt, number=4, instance=None, outcome=Outcome.REFUSED)
    facts = replace(
        samples.SAMPLES["Not launched"], run=replace(run, attempts=(*run.attempts, refused))
    )
    assert "not-launched: the last attempt got no instance" in subject(facts)


def test_what_vanished_is_named_with_each_archive_kept_of_it_and_how_to_remove_it() -> None:
    text = body(VERIFIED)
    folder = "s3://onlinebackup-backupbucket-1x2y3z/github_backups/octo/"
    files = "--include old-thing.zip --include 'old-thing+*'"
    remove = f"aws s3 rm {folder} --recursive --exclude '*' {files}"
    assert f"old-thing.zip (700.0 kB) is kept until you remove it: {remove}\n" in text
    assert "Of these 2 are kept of what GitHub no longer lists, 741.0 kB" in text
    assert "octo/older" not in text


def test_overlays_count_as_their_archive() -> None:
    assert VERIFIED.manifest
    chain = Chain("a" * 12, 3, 60_000, 20_000, "b" * 64, samples.EARLIER, "c" * 64, 5)
    kept = [
        replace(each, result=replace(each.result, chain=chain)) if "old" in each.key else each
        for each in samples.KEPT
    ]
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=kept)))
    assert "old-thing.zip (760.0 kB) is kept until you remove it: aws s3 rm" in text
    assert "Of these 2 are kept of what GitHub no longer lists, 861.0 kB" in text


def test_what_lies_in_the_bucket_beside_the_archives_is_worth_knowing() -> None:
    line = "octo/hello: github_backups/octo/hello+0.0002.zip is an overlay that no run names"
    assert f"Worth knowing:\n  - {line}\n" in body(replace(VERIFIED, notices=(line,)))


def test_a_run_that_is_partial_for_its_overlays_counts_problems() -> None:
    verdict = Verdict(Kind.PARTIAL, "1 chain of overlays …", ("octo/hello: gone",))
    assert "partial: 1 problem, 34 repositories" in subject(replace(VERIFIED, verdict=verdict))


@pytest.mark.parametrize(
    ("upstream", "told"),
    [
        (Upstream("transferred", "acme/thing"), "was transferred to acme/thing"),
        (Upstream("visible", "octo/old-thing"), "is still visible on GitHub"),
        (None, "may still be on GitHub: it was not found out"),
    ],
)
def test_the_command_that_removes_an_archive_is_shown_for_what_is_not_visible_only(
    upstream: Upstream | None, told: str
) -> None:
    assert VERIFIED.manifest
    kept = [replace(each, upstream=upstream) for each in samples.KEPT]
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=kept)))
    key = "github_backups/octo/old-thing.zip"
    assert f"  - octo/old-thing {told}; {key} (700.0 kB) is kept\n" in text
    assert "aws s3 rm" not in text


def test_a_vanished_ones_archive_is_its_own_and_not_its_namesakes() -> None:
    assert VERIFIED.manifest
    key = "github_backups/octo/old-thing.zip"
    taken = replace(samples.OLD_THING, id=99).having(
        GIT, replace(samples.KEPT[1].result, state="unchanged")
    )
    entries = {**VERIFIED.manifest.entries, taken.identity: taken}
    facts = replace(VERIFIED, manifest=replace(VERIFIED.manifest, entries=entries))
    text = body(facts)
    assert f"  - octo/old-thing: {key} (700.0 kB) is kept" in text
    assert "New on GitHub:\n  - octo/new-idea\n  - octo/old-thing\n" in text


def test_of_a_vanished_one_without_an_archive_nothing_is_called_kept() -> None:
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
    told = "octo/old-thing may still be on GitHub: it was not found out; "
    assert f"{told}github_backups/octo/old-thing.zip (700.0 kB) is kept\n" in body(old)


def test_a_run_that_lists_nothing_is_mailed_with_its_reason_and_remedy() -> None:
    said = "GitHub lists no repository of octo; without a token only public ones are seen"
    failed = samples.SAMPLES["Failed"]
    last = failed.run.attempt.number
    empty = replace(
        samples.MANIFEST, attempt=last, complete=False, entries={}, kept=[], errors=[said]
    )
    text = body(replace(failed, manifest=empty))
    assert f"Errors of the whole run:\n  - {said}\n" in text
    assert text.index(said) < text.index("What to do:")
    earlier = replace(empty, attempt=last + 1)
    assert said not in body(replace(failed, manifest=earlier))


def test_a_wiki_that_is_gone_is_counted_and_named_with_its_archive() -> None:
    assert VERIFIED.manifest
    wiki = replace(
        samples.HELLO.results[WIKI],
        state="absent",
        warnings=("is not there any more; its archive is kept",),
    )
    entries = samples.MANIFEST.entries | by_identity([samples.HELLO.having(WIKI, wiki)])
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, entries=entries)))
    assert "1 wiki (1 absent)" in text
    assert "octo/hello.wiki: is not there any more; its archive is kept" in text


@pytest.mark.parametrize(
    ("visibility", "label", "first"),
    [
        (
            (Visibility("octo", "public", 34),),
            "verified (public only): 34 repositories, 3 changed, ",
            "VERIFIED: 34 repositories of octo are visible (public only). All visible repositories",
        ),
        (
            (Visibility("octo", "selected", 34, 60),),
            "verified (34 of 60 repositories visible): 3 changed, ",
            "VERIFIED: 34 of 60 repositories of octo are visible (selected only). All visible",
        ),
        (
            (Visibility("octo", "unknown", 34),),
            "verified (34 visible, total unknown): 3 changed, ",
            "VERIFIED: 34 repositories of octo are visible (total unknown). All visible",
        ),
        ((), "verified: 34 repositories, 3 changed, ", "VERIFIED: All listed repositories"),
        (
            (Visibility("octo", "all", 34),),
            "verified: 34 repositories, 3 changed, ",
            "VERIFIED: Everything that GitHub lists",
        ),
    ],
    ids=["public", "selected", "unknown", "older", "all"],
)
def test_subject_and_first_sentence_tell_what_was_visible(
    visibility: tuple[Visibility, ...], label: str, first: str
) -> None:
    manifest = replace(samples.LASTING, visibility=visibility)
    facts = replace(VERIFIED, manifest=manifest, verdict=samples.verdict(manifest))
    assert label in subject(facts)
    assert fitting_subject(subject(facts)) == subject(facts)
    assert body(facts).startswith(first)
    assert ("Everything" in body(facts)) == (visibility[:1] == (Visibility("octo", "all", 34),))
    action = "Repositories that are not visible are not backed up" in body(facts)
    assert action == bool(visibility and visibility[0].scope in ("public", "selected"))


def test_a_narrowed_or_partial_run_tells_what_was_visible_too() -> None:
    seen = (Visibility("octo", "public", 34),)
    narrowed = replace(samples.NARROWED, visibility=seen)
    facts = replace(
        samples.SAMPLES["Narrowed"], manifest=narrowed, verdict=samples.verdict(narrowed)
    )
    assert "verified (only octo.github.io; public only): 1 of 34, 1 changed, " in subject(facts)
    failed = replace(samples.FAILED, visibility=seen)
    facts = replace(PARTIAL, manifest=failed, verdict=samples.verdict(failed))
    assert "partial (public only): " in subject(facts)
    assert body(facts).startswith("PARTIAL: 34 repositories of octo are visible (public only). 2 ")


def test_the_run_report_has_what_was_visible() -> None:
    facts = samples.SAMPLES["Verified, without a token"]
    expected = [{"owner": "octo", "scope": "public", "visible": 34, "total": None}]
    assert run_report(facts).document["visibility"] == expected


def test_what_was_left_out_is_said_in_the_first_sentence() -> None:
    assert "(but for 1 left out by options, named below)" in body(VERIFIED).splitlines()[0]


@pytest.mark.parametrize(
    ("left", "said", "in_subject"),
    [
        (31, "", ""),
        (30, "EXPIRES IN 30 DAYS:", ""),
        (8, "EXPIRES IN 8 DAYS:", ""),
        (7, "EXPIRES IN 7 DAYS:", ""),
        (6, "EXPIRES IN 6 DAYS, BEFORE THE NEXT RUN:", "token ends in 6 days"),
        (1, "EXPIRES IN 1 DAY, BEFORE THE NEXT RUN:", "token ends in 1 day)"),
        (-1, "HAS EXPIRED:", "token expired"),
    ],
)
def test_the_tokens_end_is_counted_down_and_at_last_in_the_subject(
    left: int, said: str, in_subject: str
) -> None:
    assert VERIFIED.manifest
    ends = (VERIFIED.now + timedelta(days=left, hours=1)).isoformat()
    facts = replace(VERIFIED, manifest=replace(VERIFIED.manifest, token_expires_at=ends))
    urgent = [line for line in body(facts).split("\n\n")[1].splitlines() if "TOKEN" in line]
    assert [said in line for line in urgent] == ([True] if said else [])
    assert in_subject in subject(facts)
    assert ("token" in subject(facts)) == bool(in_subject)


def test_a_token_that_ends_before_a_rare_next_run_is_told_in_time() -> None:
    assert VERIFIED.manifest
    manifest = replace(
        VERIFIED.manifest, token_expires_at=(VERIFIED.now + timedelta(days=60)).isoformat()
    )
    quarterly = VERIFIED.now + timedelta(days=91)
    text = body(replace(VERIFIED, manifest=manifest, next_run=quarterly))
    assert "EXPIRES IN 60 DAYS, BEFORE THE NEXT RUN" in text


def test_a_list_that_shrank_is_said_first_and_in_the_subject() -> None:
    assert "(1 vanished" in subject(VERIFIED)
    text = body(VERIFIED)
    shrunk = "1 repository of the last run is not listed any more"
    assert text.index(shrunk) < text.index("octo: 34 repositories")


def test_every_pool_of_the_largest_walk_is_in_the_mail_with_its_code() -> None:
    answers = tuple(
        PoolAnswer(f"c{n}g.medium", f"us-east-1{zone}", market, "UnfulfillableCapacity", "pool", "")
        for market in Market
        for n in range(8)
        for zone in "abcdef"
    )
    refused = replace(samples.ATTEMPT, instance=None, answers=answers, outcome=Outcome.NO_CAPACITY)
    lines = refusals(replace(refused, number=number) for number in (1, 2, 3))
    assert len(lines) == 16
    assert lines[0] == (
        "c0g.medium, spot: UnfulfillableCapacity (us-east-1a, b, c, d, e, f; attempts 1, 2, 3)"
    )


def test_a_refusal_that_is_no_want_of_capacity_carries_awss_whole_message() -> None:
    encoded = "x" * 10_240
    told = f"You are not authorized. Encoded authorization failure message: {encoded}"
    answers = (
        PoolAnswer("c7g.medium", "eu-central-1a", Market.SPOT, "NoCapacity", "pool", "none there"),
        PoolAnswer("c7g.large", "eu-central-1a", Market.SPOT, "Denied", "account", told),
    )
    refused = replace(samples.ATTEMPT, instance=None, answers=answers, outcome=Outcome.REFUSED)
    text = body(replace(VERIFIED, run=replace(VERIFIED.run, attempts=(refused,))))
    assert "  - c7g.medium, spot: NoCapacity (eu-central-1a)\n" in text
    assert f"  - c7g.large, spot: Denied (eu-central-1a): {told}\n" in text


@pytest.mark.parametrize(
    ("ends_at", "said"),
    [
        ("2026-12-27T18:00:00Z", "EXPIRES IN 30 DAYS"),
        ("2026-12-04T18:00:00Z", "EXPIRES IN 7 DAYS"),
        ("2026-11-28T18:00:00Z", "EXPIRES IN 1 DAY, BEFORE THE NEXT RUN"),
        ("2026-11-27T23:00:00Z", "EXPIRES TODAY"),
        ("2026-11-27T16:00:00Z", "HAS EXPIRED"),
        ("2026-12-29T18:00:00Z", None),
        (None, None),
        ("soon", None),
        ("2026-12-04T18:00:00", None),
        (5, None),
    ],
)
def test_the_tokens_end_is_told_by_the_day_and_its_absence_is_no_trouble(
    ends_at: str | None, said: str | None
) -> None:
    assert VERIFIED.manifest
    manifest = replace(VERIFIED.manifest, token_expires_at=ends_at)
    text = body(replace(VERIFIED, manifest=manifest, now=datetime(2026, 11, 27, 17, tzinfo=UTC)))
    assert (said in text) if said else ("EXPIRE" not in text)


def test_what_the_token_lacks_is_in_the_mail() -> None:
    assert VERIFIED.manifest
    lacking = replace(VERIFIED.manifest, notices=["the GitHub token lacks the scope repo"])
    text = body(replace(VERIFIED, manifest=lacking))
    assert "Worth knowing:\n  - the GitHub token lacks the scope repo" in text


def test_ten_thousand_failures_are_counted_and_still_fit_one_mail() -> None:
    assert PARTIAL.manifest
    failed = {GIT: ItemResult("failed", "x" * 200)}
    entries = by_identity(
        Entry(n, "octo", f"{'long-name-' * 8}{n}", False, False, False, failed)
        for n in range(10_000)
    )
    manifest = replace(PARTIAL.manifest, entries=entries)
    verdict = Verdict(Kind.PARTIAL, "many", tuple(f"{i.name}: {i.reason}" for i in manifest.items))
    text = body(replace(PARTIAL, verdict=verdict, manifest=manifest))
    assert len(text.encode()) < BODY_BYTES / 4
    assert "and 9960 more" in text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_420_000, "1.4 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_sizes_read_like_sizes(number: int, text: str) -> None:
    assert size(number) == text
