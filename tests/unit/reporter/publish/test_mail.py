"""The mail's first line can be trusted, problems come first, and everything fits."""

import json
from dataclasses import replace

import pytest

from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import Entry, ItemResult
from backup_contract.documents.parts.entries import by_identity
from backup_contract.documents.parts.objects_put import ObjectsPut
from backup_contract.documents.parts.results import Referred
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.verdict import Kind, Verdict
from backup_contract.kinds import GIT, LFS
from backup_contract.text import size
from reporter.publish.attempt_lines import refusals
from reporter.publish.run_report import run_report
from reporter.publish.sections import About, Listing
from reporter.publish.subject import subject
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from shared.aws.sns_topic import BODY_BYTES, fitting_subject
from shared.model.run import Market, Outcome, PoolAnswer
from tests.unit.reporter.publish import samples
from tests.unit.reporter.publish.mails import PARTIAL, VERIFIED, body


def test_the_summary_is_sections_that_another_channel_can_render() -> None:
    problems = tuple(f"octo/r{number}: no" for number in range(99))
    facts = replace(PARTIAL, verdict=replace(PARTIAL.verdict, problems=problems))
    message = summary(facts)
    answer = [each.about for each in message.sections]
    assert answer == [each for each in About if each in answer]
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
    assert subject(facts).endswith("2026-11-27 (3 rewritten, 1 no longer listed)")
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
    changed = replace(
        manifest, entries=by_identity([hello, *entries[1:]]), objects_put=ObjectsPut(3, 4_000_000)
    )
    facts = replace(VERIFIED, manifest=changed)
    text = body(facts)
    assert "7.0 MB; 2 not saved, 5.0 MB (counted per repository)" in text
    assert "3 large files uploaded, 4.0 MB, by this run" in text
    assert "USD a month to store the newest archives and large files" in text
    assert f"{hello.full_name}, LFS objects: {warning}" in text
    assert "large files" not in body(VERIFIED)
    report = RunReport.from_json(json.dumps(run_report(facts).document).encode())
    assert (report.large_files, report.objects_put) == ({LFS: numbers}, ObjectsPut(3, 4_000_000))


def test_verdict_counts_problems_and_what_to_do_come_first() -> None:
    text = body(PARTIAL)
    first = ("PARTIAL: ", "octo: 34 repo", "Problems:", "What to do:", "Changed:")
    assert sorted(first, key=text.index) == list(first)
    assert text.index("What to do:") < text.index("TOKEN EXPIRES") < text.index("Changed:")


def test_a_problem_is_named_as_people_know_it_and_reported_by_its_name() -> None:
    assert VERIFIED.manifest
    failed = VERIFIED.manifest.entries[samples.HELLO.identity].having(LFS, ItemResult("failed"))
    manifest = replace(VERIFIED.manifest, entries=by_identity([failed]))
    line = "octo/hello~lfs: GitHub answered 500: four times"
    verdict = Verdict(Kind.PARTIAL, "1 LFS list could not be backed up", (line,))
    facts = replace(VERIFIED, manifest=manifest, verdict=verdict)
    assert "  - octo/hello, LFS objects: GitHub answered 500: four times\n" in body(facts)
    assert run_report(facts).problems == (line,)


def test_what_changed_is_one_line_for_each_repository() -> None:
    assert "Changed:\n  - octo/hello: 1.4 MB, wiki 9.0 kB\n" in body(VERIFIED)


def test_what_options_exclude_is_told_apart_from_what_a_narrowed_run_did_not_select() -> None:
    text = body(samples.SAMPLES["Narrowed"])
    assert "(31 not selected, 1 backed up, 1 empty, 1 excluded)" in text
    assert "Excluded by options:\n  - a fork (--no-forks): octo/fork-of-linux\n" in text
    assert "Not selected:\n  - not in --only octo.github.io: octo/hello, octo/hello.wiki, " in text


def test_the_restore_that_is_shown_is_not_of_an_archive_that_is_blamed() -> None:
    text = body(samples.SAMPLES["Unverified"])
    assert "Restore:  repo-backup restore octo/octo.github.io " in text


def test_a_few_archives_that_are_blamed_are_fetched_again_and_nothing_else() -> None:
    unverified = samples.SAMPLES["Unverified"]
    assert 'invoke onlinebackup-launcher with {"only": ["octo/hello"], "full": true};' in body(
        unverified
    )
    many = tuple(f"octo/r{number}: bad" for number in range(13))
    for problems in (many, ("octo/$(x): bad",), ("octo: nothing listed",)):
        verdict = replace(unverified.verdict, problems=problems)
        text = body(replace(unverified, verdict=verdict))
        assert 'To back everything up again, invoke onlinebackup-launcher with {"full": tr' in text


def test_what_failed_is_named_as_known_failures_takes_it() -> None:
    assert "Add to KnownFailures what will always fail: octo/scratch,octo/taken.\n" in body(PARTIAL)
    assert VERIFIED.manifest
    failed = samples.HELLO.having(LFS, ItemResult("failed", "the quota is used up"))
    manifest = replace(VERIFIED.manifest, entries=by_identity([failed]))
    partial = replace(VERIFIED, manifest=manifest, verdict=samples.verdict(manifest))
    assert "what will always fail: octo/hello~lfs." in body(partial)
    strange = replace(failed, name="$(x)")
    manifest = replace(manifest, entries=by_identity([strange]))
    partial = replace(VERIFIED, manifest=manifest, verdict=samples.verdict(manifest))
    assert "what will always fail." in body(partial)


def test_every_verdict_has_a_sample() -> None:
    assert {facts.verdict.kind for facts in samples.SAMPLES.values()} == set(Kind)


def test_without_on_demand_the_advice_is_not_to_ask_for_it_right_away() -> None:
    facts = samples.SAMPLES["Interrupted"]
    assert 'invoke onlinebackup-launcher with {"on_demand": true}' in body(facts)
    forbidden = body(replace(facts, allow_on_demand=False))
    assert "invoke onlinebackup-launcher with {}" in forbidden
    assert "deploy with AllowOnDemand=true" in forbidden


def test_an_attempt_that_failed_is_told_with_its_own_last_words() -> None:
    attempt_lines = body(samples.SAMPLES["Failed"]).partition("How the run went:\n")[2].splitlines()
    assert attempt_lines[0].startswith("  - attempt 1 failed after 4 min (c7g.medium")
    assert attempt_lines[0].endswith("): repo-backup: octo: the listing failed: HTTP 503")


def test_a_run_whose_last_attempt_got_no_instance_does_not_claim_there_was_none() -> None:
    run = samples.SAMPLES["Failed"].run
    refused = replace(run.attempt, number=4, instance=None, outcome=Outcome.REFUSED)
    facts = replace(
        samples.SAMPLES["Not launched"], run=replace(run, attempts=(*run.attempts, refused))
    )
    assert "not-launched: the last attempt got no instance" in subject(facts)


def test_overlays_count_as_their_archive() -> None:
    assert VERIFIED.manifest
    chain = Chain("a" * 12, 3, 60_000, 20_000, "b" * 64, samples.EARLIER, "c" * 64, 5)
    kept = [
        replace(each, result=replace(each.result, chain=chain)) if "old" in each.key else each
        for each in samples.KEPT
    ]
    text = body(replace(VERIFIED, manifest=replace(VERIFIED.manifest, kept=kept)))
    assert "old-thing.zip (760.0 kB) is retained until you remove it: aws s3 rm" in text
    assert "(2 archives, 861.0 kB, of repositories no longer listed by GitHub)" in text


def test_a_run_that_is_partial_for_an_accounts_data_calls_it_no_repository() -> None:
    verdict = Verdict(Kind.PARTIAL, "1 account …", ("octo/~account: …",), failed_accounts=1)
    facts = replace(VERIFIED, verdict=verdict)
    assert "partial: 1 account lacks data, 34 repositories" in subject(facts)


def test_what_lies_in_the_bucket_beside_the_archives_is_worth_knowing() -> None:
    line = "octo/hello: github_backups/octo/hello+0.0002.zip is an overlay that no run names"
    assert f"Worth knowing:\n  - {line}\n" in body(replace(VERIFIED, notices=(line,)))


def test_a_run_that_is_partial_for_its_overlays_counts_problems() -> None:
    verdict = Verdict(Kind.PARTIAL, "1 chain of overlays …", ("octo/hello: gone",))
    assert "partial: 1 problem, 34 repositories" in subject(replace(VERIFIED, verdict=verdict))


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
    answer = f"You are not authorized. Encoded authorization failure message: {encoded}"
    answers = (
        PoolAnswer("c7g.medium", "eu-central-1a", Market.SPOT, "NoCapacity", "pool", "none there"),
        PoolAnswer("c7g.large", "eu-central-1a", Market.SPOT, "Denied", "account", answer),
    )
    refused = replace(samples.ATTEMPT, instance=None, answers=answers, outcome=Outcome.REFUSED)
    text = body(replace(VERIFIED, run=replace(VERIFIED.run, attempts=(refused,))))
    assert "  - c7g.medium, spot: NoCapacity (eu-central-1a)\n" in text
    assert f"  - c7g.large, spot: Denied (eu-central-1a): {answer}\n" in text


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
