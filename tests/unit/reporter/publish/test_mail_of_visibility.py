"""What the mail says of what the token saw, what it lacks, and when it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract.visibility import Visibility
from reporter.publish.run_report import run_report
from reporter.publish.subject import subject
from shared.aws.sns_topic import fitting_subject
from tests.unit.reporter.publish import samples
from tests.unit.reporter.publish.mails import PARTIAL, VERIFIED, body


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


def test_what_was_excluded_is_in_the_first_sentence() -> None:
    assert "(except 1 excluded by options, named below)" in body(VERIFIED).splitlines()[0]


@pytest.mark.parametrize(
    ("left", "output", "in_subject"),
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
    left: int, output: str, in_subject: str
) -> None:
    assert VERIFIED.manifest
    ends = (VERIFIED.now + timedelta(days=left, hours=1)).isoformat()
    facts = replace(VERIFIED, manifest=replace(VERIFIED.manifest, token_expires_at=ends))
    urgent = [line for line in body(facts).splitlines() if "TOKEN" in line]
    assert [output in line for line in urgent] == ([True] if output else [])
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


def test_a_list_that_shrank_is_in_the_subject_and_before_the_details() -> None:
    manifest = samples.LASTING
    facts = replace(VERIFIED, manifest=manifest, verdict=samples.verdict(manifest))
    assert "(1 no longer listed)" in subject(facts)
    text = body(facts)
    assert text.index("1 repository is no longer listed by GitHub") < text.index("Changed:")


@pytest.mark.parametrize(
    ("ends_at", "output"),
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
    ends_at: str | None, output: str | None
) -> None:
    assert VERIFIED.manifest
    manifest = replace(VERIFIED.manifest, token_expires_at=ends_at)
    text = body(replace(VERIFIED, manifest=manifest, now=datetime(2026, 11, 27, 17, tzinfo=UTC)))
    assert (output in text) if output else ("EXPIRE" not in text)


def test_what_the_token_lacks_is_in_the_mail() -> None:
    assert VERIFIED.manifest
    lacking = replace(VERIFIED.manifest, notices=["the GitHub token lacks the scope repo"])
    text = body(replace(VERIFIED, manifest=lacking))
    assert "Worth knowing:\n  - the GitHub token lacks the scope repo" in text
