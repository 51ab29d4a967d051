"""Runs whose mails docs/mail.md shows: one for each verdict, and one that was interrupted first.

``python -m tests.unit.reporter.publish.samples`` writes it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
    OrphanedArchive,
    State,
    by_kind,
)
from backup_contract.documents.parts.data_state import DataState, LackingSection
from backup_contract.documents.parts.entries import HOST, Identity, by_identity
from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.judgement.rewrites import suspicion
from backup_contract.judgement.verdict import Kind, Verdict, judge
from backup_contract.kinds import DATA, GIT, WIKI
from backup_contract.visibility import Visibility
from reporter.decide.next_step import Ending
from reporter.judge.cost import estimate
from reporter.publish.facts import Facts
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from shared.model.run import Attempt, Instance, Market, Options, Outcome, PoolAnswer, Run

BUCKET = "onlinebackup-backupbucket-1x2y3z"
PAGE = Path(__file__).parents[4] / "docs" / "mail.md"
DUE = datetime(2026, 11, 27, 17, tzinfo=UTC)
END = DUE + timedelta(minutes=9)
SHA = "a" * 64
SPOT = Instance("i-0a1b2c3d4e5f60718", "c7g.medium", "eu-central-1b", Market.SPOT, "0.0131", DUE)
ATTEMPT = Attempt(
    1,
    DUE,
    DUE + timedelta(hours=3),
    instance=SPOT,
    outcome=Outcome.ENDED,
    ended_at=END,
    done=34,
    listed=34,
    role_id="AROAEXAMPLEOFAROLEID",
)
STUCK = replace(ATTEMPT, outcome=Outcome.TIMED_OUT, ended_at=DUE + timedelta(hours=3), done=21)
RECLAIMED = tuple(
    replace(
        ATTEMPT,
        number=number,
        instance=replace(SPOT, launched_at=DUE + timedelta(minutes=40 * (number - 1))),
        outcome=Outcome.RECLAIMED,
        ended_at=DUE + timedelta(minutes=40 * (number - 1) + 6),
        done=done,
    )
    for number, done in ((1, 12), (2, 20), (3, 27))
)
RUN = Run("2026-11-27T17-00-00Z", "schedule", DUE, attempts=(ATTEMPT,))


EARLIER = "2026-11-20T17-00-00Z"


def result(name: str, state: State, reason: str = "", size: int = 0) -> ItemResult:
    """What became of something whose archive, if it has a size, has this name."""
    if not size:
        return ItemResult(state, reason or None)
    run_id = RUN.id if state == "backed-up" else EARLIER
    archive = Archive(f"github_backups/octo/{name}.zip", size, SHA, run_id, version_id="v")
    return ItemResult(state, reason or None, archive=archive)


def _entry(number: int, name: str, state: State, reason: str = "", size: int = 0) -> Entry:
    results = by_kind(result(name, state, reason, size))
    return Entry(number, "octo", name, False, False, False, results)


def _kept(number: int, name: str, size: int) -> OrphanedArchive:
    found = result(name, "kept", size=size)
    key = f"github_backups/octo/{name}.zip"
    gone = Upstream("not-visible")
    return OrphanedArchive(key, number, "octo", name, GIT, found, upstream=gone)


def by_id(*entries: Entry) -> dict[Identity, Entry]:
    """As a manifest holds them."""
    return by_identity(entries)


HELLO = _entry(1, "hello", "backed-up", size=1_420_000).having(
    WIKI, result("hello.wiki", "backed-up", size=9_000)
)
LISTED = (
    HELLO,
    _entry(2, "octo.github.io", "backed-up", size=48_300_000),
    _entry(3, "new-idea", "backed-up", size=20_100),
    *(_entry(n, f"tool-{n}", "unchanged", size=3_000_000) for n in range(4, 33)),
    _entry(33, "scratch", "empty"),
    _entry(34, "fork-of-linux", "skipped", "a fork (--no-forks)"),
)
KEPT = [_kept(77, "old-thing", 700_000), _kept(66, "older", 41_000)]
MANIFEST = Manifest(
    run_id=RUN.id,
    attempt=1,
    owners=["octo"],
    started_at=DUE,
    entries=by_id(*LISTED),
    listed=34,
    finished_at=END,
    complete=True,
    token_expires_at="2026-12-04T16:00:00Z",
    drill=Drill(tuple(DrilledArchive(f"k{n}", good=True) for n in range(3)), 33, 20),
    kept=KEPT,
    visibility=(Visibility("octo", "all", 34, 34),),
)
LASTING = replace(MANIFEST, token_expires_at=None)
BLAMED = "octo/hello: github_backups/octo/hello.zip has 1384 bytes, not 1420000"
OLD_THING = _entry(77, "old-thing", "unchanged", size=700_000)
BEFORE = replace(
    MANIFEST, entries=by_id(*(each for each in LISTED if each.name != "new-idea"), OLD_THING)
)
FORCED = Rewrite("refs/heads/main", RewriteKind.FORCED_BRANCH, "1f" * 20, "2e" * 20)
REWRITES = Rewrites(
    RUN.id,
    (
        FORCED,
        Rewrite("refs/heads/topic", RewriteKind.DELETED_BRANCH, "3d" * 20),
        Rewrite("refs/tags/v1.0", RewriteKind.MOVED_TAG, "4c" * 20, "5b" * 20),
    ),
    refs_before=12,
    default_branch=True,
)
RANSOM = Rewrites(RUN.id, (FORCED,), refs_before=1, default_branch=True, one_commit=True)


def _rewritten(rewrites: Rewrites) -> Manifest:
    hello = HELLO.having(GIT, replace(HELLO.git, rewrites=rewrites))
    return replace(LASTING, entries=by_id(hello, *LISTED[1:]))


REWRITTEN, RANSOMED = _rewritten(REWRITES), _rewritten(RANSOM)
TAKEN = _entry(34, "taken", "failed", "451: taken down, see https://github.com/github/dmca")
FAILED = replace(
    MANIFEST,
    entries=by_id(
        *LISTED[:-2],
        _entry(33, "scratch", "failed", "GitHub answered 500 four times", size=64_000),
        TAKEN,
    ),
)
ONLY = replace(RUN, trigger="manual", options=Options(only=("octo.github.io",)))
PASSED_OVER = "not in --only octo.github.io"


def _passed_over(entry: Entry) -> Entry:
    """An entry of what a narrowed run was not asked for."""
    if entry.git.state == "empty":
        return replace(entry, asked=False)
    results = {
        kind: ItemResult("skipped", PASSED_OVER).keeping(
            result(each.archive.key[21:-4], "skipped", size=each.archive.bytes)
            if each.archive
            else None
        )
        for kind, each in entry.results.items()
    }
    return replace(entry, results=results, asked=False)


NARROWED = replace(
    LASTING,
    only=[*ONLY.options.only],
    entries=by_id(
        *(
            each if each.name in ("octo.github.io", "fork-of-linux") else _passed_over(each)
            for each in LISTED
        )
    ),
)
WANTING = replace(
    NARROWED,
    entries=NARROWED.entries
    | by_id(
        NARROWED.entries[Identity(HOST, 3)].having(GIT, ItemResult("skipped", PASSED_OVER)),
        replace(TAKEN, id=77, name="old-thing", asked=False),
    ),
)
EMPTY = replace(LASTING, entries=by_id(*LISTED[-2:]), listed=2, drill=None, kept=[])
PUBLIC = replace(LASTING, visibility=(Visibility("octo", "public", 34),))
SELECTED = replace(LASTING, visibility=(Visibility("octo", "selected", 34, 64),))
LOG = (
    "17:00:48 bootstrap: run 2026-11-27T17-00-00Z, attempt 1",
    "17:01:30 listing octo: 34 repositories",
    "17:02:11 failed octo/scratch: GitHub answered 500 four times",
)


def verdict(manifest: Manifest, *archive_problems: str) -> Verdict:
    """What the reporter judges of a run that completed with this manifest."""
    marker = Marker("github_backups/2026-11-27-17-09.txt", RUN.id, manifest.attempt, SHA)
    return judge(Ending.COMPLETED, "", RUN.id, marker, manifest, SHA, archive_problems, ())


def _facts(run: Run, verdict: Verdict, manifest: Manifest | None = None) -> Facts:
    return Facts(
        run=run,
        verdict=verdict,
        now=END,
        owners=("octo",),
        bucket=BUCKET,
        launcher="onlinebackup-launcher",
        manifest=manifest,
        previous=BEFORE if manifest else None,
        cost=estimate(
            run.attempts,
            END,
            volume_gib=16,
            public_address=True,
            archives=35,
            uploads=3,
            bytes_stored=manifest.totals["bytes_stored"] if manifest else 0,
        ),
        next_run=DUE + timedelta(days=7),
        log_tail=() if verdict.kind in (Kind.VERIFIED, Kind.NOT_LAUNCHED, Kind.MISSED) else LOG,
    )


def _broken(number: int) -> Attempt:
    """An attempt while GitHub is down; only the last one's log is in the mail."""
    begun = DUE + (number - 1) * timedelta(minutes=34)
    return replace(
        ATTEMPT,
        number=number,
        started_at=begun,
        instance=replace(SPOT, launched_at=begun),
        ended_at=begun + timedelta(minutes=4),
        outcome=Outcome.FAILED,
        problem="repo-backup: octo: the listing failed: HTTP 503" if number < 3 else None,
        done=None,
        listed=None,
    )


def _not_launched() -> Facts:
    answers = tuple(
        PoolAnswer(kind, f"eu-central-1{zone}", market, code, "pool", "")
        for market, code in (
            (Market.SPOT, "InsufficientInstanceCapacity"),
            (Market.ON_DEMAND, "VcpuLimitExceeded"),
        )
        for kind in ("c7g.medium", "m7g.medium")
        for zone in "ab"
        if market is Market.SPOT or (kind, zone) == ("c7g.medium", "a")
    )
    attempt = Attempt(
        1,
        DUE,
        DUE + timedelta(hours=3),
        answers=answers,
        outcome=Outcome.NO_CAPACITY,
        problem="Ask for a higher on-demand quota (Service Quotas, EC2, "
        "'Running On-Demand Standard instances').",
    )
    run = replace(RUN, attempts=tuple(replace(attempt, number=n) for n in (1, 2, 3)))
    reason = f"No pool had capacity. {attempt.problem}"
    return _facts(run, Verdict(Kind.NOT_LAUNCHED, reason))


def _with_data(entry: Entry) -> Entry:
    """The same with project data, some without a permission, and one under way."""
    if entry.archives == []:
        return entry
    lacking = [
        LackingSection(f"settings.{name}", "not-permitted", f"needs {right}")
        for name, right in (("hooks", "webhooks=read"), ("deploy_keys", "administration=read"))
    ]
    if entry.name == "octo.github.io":
        spent = "this hour's share of GitHub's REST limit is used; the next hour begins in 41 min"
        lacking += [
            LackingSection("issues", "under-way", spent, 1_200, 5_000),
            LackingSection("pulls", "under-way", spent, 0, 900),
            LackingSection("issue_comments", "under-way", spent, 4_100),
            *(LackingSection(f"settings.{n}", "under-way", spent) for n in ("pages", "teams")),
        ]
    state = DataState("0" * 32, 120, 0, None, None, tuple(lacking))
    stored = result(f"{entry.name}~data", "backed-up", size=21_000)
    if state.failure:
        stored = replace(stored, state="failed", reason=state.failure)
    return entry.having(DATA, replace(stored, data=state))


WITH_DATA = replace(LASTING, entries=by_id(*map(_with_data, LISTED)))

SAMPLES: dict[str, Facts] = {
    "Verified": _facts(RUN, verdict(MANIFEST), MANIFEST),
    "Verified, without a token": _facts(RUN, verdict(PUBLIC), PUBLIC),
    "Verified, not everything visible": _facts(RUN, verdict(SELECTED), SELECTED),
    "Verified, with rewritten history": replace(
        _facts(RUN, verdict(REWRITTEN), REWRITTEN), keep_days=365
    ),
    "Verified, and suspicious": replace(
        _facts(RUN, verdict(RANSOMED), RANSOMED),
        suspicions=tuple(filter(None, (suspicion(RANSOMED),))),
        keep_days=365,
    ),
    "Partial, with project data": _facts(RUN, verdict(WITH_DATA), WITH_DATA),
    "Partial": _facts(RUN, verdict(FAILED), FAILED),
    "Narrowed": _facts(ONLY, verdict(NARROWED), NARROWED),
    "Narrowed, with unsaved repositories": _facts(ONLY, verdict(WANTING), WANTING),
    "Nothing to back up": replace(
        _facts(RUN, verdict(EMPTY), EMPTY), previous=None, log_tail=LOG[:1]
    ),
    "Unverified": replace(
        _facts(RUN, verdict(LASTING, BLAMED), LASTING),
        log_tail=LOG[:2],
    ),
    "Unverified: the manifest is damaged": replace(
        _facts(
            RUN,
            Verdict(
                Kind.UNVERIFIED,
                f"{RUN.evidence(ATTEMPT)}evidence.json is damaged: totals.bytes_stored is not a "
                "whole number from 0 to 2^63 - 1.",
            ),
        ),
        log_tail=LOG[:2],
        damage=(f"{RUN.evidence(ATTEMPT)}progress.json is damaged: it is not UTF-8.",),
    ),
    "Unverified: the bucket cannot be read": replace(
        _facts(
            RUN,
            Verdict(
                Kind.UNVERIFIED,
                f"s3://{BUCKET}/github_backups/2026-11-27-17-09.txt may not be read "
                "(KMS.DisabledException), so that nothing could be checked. Look at the bucket's "
                "policy, and whether its KMS key is enabled.",
            ),
        ),
        log_tail=(),
    ),
    "Interrupted": replace(
        _facts(
            replace(RUN, attempts=RECLAIMED),
            Verdict(Kind.INTERRUPTED, "AWS reclaimed the spot instance."),
            replace(LASTING, complete=False, entries=by_id(*LISTED[:27]), drill=None),
        ),
        log_tail=LOG[:2],
    ),
    "Interrupted, then verified": _facts(
        replace(
            RUN,
            attempts=(
                RECLAIMED[0],
                replace(
                    ATTEMPT,
                    number=2,
                    instance=replace(
                        SPOT, zone="eu-central-1a", launched_at=DUE + timedelta(minutes=7)
                    ),
                    ended_at=DUE + timedelta(minutes=14),
                ),
            ),
        ),
        verdict(replace(LASTING, attempt=2)),
        replace(LASTING, attempt=2),
    ),
    "Timed out": replace(
        _facts(
            replace(RUN, attempts=(STUCK, replace(STUCK, number=2))),
            Verdict(Kind.TIMED_OUT, "The backup did not end before its deadline and was stopped."),
            replace(LASTING, complete=False, entries=by_id(*LISTED[:21]), drill=None),
        ),
        log_tail=LOG[:2],
    ),
    "Failed": replace(
        _facts(
            replace(RUN, attempts=tuple(map(_broken, (1, 2, 3)))),
            Verdict(
                Kind.FAILED,
                "The instance ended without finishing the backup (it powered itself off).",
            ),
        ),
        log_tail=(
            "bootstrap: run 2026-11-27T17-00-00Z, attempt 3",
            "repo-backup: octo: the listing failed: HTTP 503",
        ),
    ),
    "Not launched": _not_launched(),
    "Missed": _facts(
        replace(RUN, attempts=()),
        Verdict(Kind.MISSED, "The scheduled run was due and never started."),
    ),
}


def page() -> str:
    """The text of docs/mail.md."""
    parts = [
        "# The mails\n",
        "Generated by the code that writes the real mails, from made-up runs "
        "(`tests/unit/reporter/publish/samples.py`).\n",
    ]
    for title, facts in SAMPLES.items():
        message = summary(facts)
        text = as_text(message)
        parts.append(f"## {title}\n\n```\nSubject: {message.subject}\n\n{text}```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
