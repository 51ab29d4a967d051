"""The mail's first line can be trusted, problems come first, and everything fits."""

from dataclasses import replace

import pytest

from reporter.manifest import Entry
from reporter.summary import body, size, subject
from reporter.verdict import Kind, Verdict
from shared.topic import BODY_BYTES, fitting_subject
from tests.unit.reporter import samples

VERIFIED = samples.SAMPLES["Verified"]
PARTIAL = samples.SAMPLES["Partial"]


def test_the_page_of_sample_mails_is_what_the_code_writes() -> None:
    assert samples.PAGE.read_text() == samples.page(), "run: python -m tests.unit.reporter.samples"


@pytest.mark.parametrize("title", samples.SAMPLES)
def test_every_subject_begins_with_its_verdict_and_ends_with_the_date(title: str) -> None:
    facts = samples.SAMPLES[title]
    line = subject(facts)
    assert line.startswith(f"[OnlineBackup] {facts.verdict.kind}: ")
    assert line.endswith(", 2026-11-27")
    assert fitting_subject(line) == line


def test_counts_of_repositories_leave_out_their_wikis() -> None:
    assert "34 repositories, 3 changed" in subject(VERIFIED)


def test_problems_come_before_everything_else_with_what_to_do() -> None:
    text = body(PARTIAL)
    assert text.index("Problems:") < text.index("What to do:") < text.index("octo: 34 repo")


def test_new_renamed_and_vanished_repositories_are_told_apart_by_their_ids() -> None:
    text = body(PARTIAL)
    assert "New on GitHub:\n  - octo/new-idea" in text
    assert "octo/fork-of-linux is now octo/taken" in text
    assert (
        "octo/old-thing: its archive github_backups/octo/old-thing.zip (700.0 kB) is kept" in text
    )


def test_what_was_left_out_is_said_in_the_first_sentence() -> None:
    assert "(but 1 left out by options, named below)" in body(VERIFIED).splitlines()[0]


def test_the_tokens_last_month_is_counted_down() -> None:
    assert "EXPIRES IN 6 DAYS" in body(VERIFIED)
    assert VERIFIED.manifest
    later = replace(VERIFIED.manifest, token_expires_at="2027-06-01T00:00:00Z")
    assert "EXPIRE" not in body(replace(VERIFIED, manifest=later))
    gone = replace(VERIFIED.manifest, token_expires_at="2026-11-01T00:00:00Z")
    assert "HAS EXPIRED" in body(replace(VERIFIED, manifest=gone))


def test_ten_thousand_failures_are_counted_and_still_fit_one_mail() -> None:
    assert PARTIAL.manifest
    entries = tuple(
        Entry(n, f"octo/{'long-name-' * 8}{n}", "failed", "x" * 200, (), None, False)
        for n in range(10_000)
    )
    verdict = Verdict(Kind.PARTIAL, "many", tuple(f"{e.name}: {e.reason}" for e in entries))
    text = body(
        replace(PARTIAL, verdict=verdict, manifest=replace(PARTIAL.manifest, entries=entries))
    )
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
