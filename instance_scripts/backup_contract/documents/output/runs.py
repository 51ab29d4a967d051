"""The output of ``status``, ``acknowledge``, ``report`` and ``evidence``."""

from typing import Annotated, TypedDict

from backup_contract.documents.output.rows import LargeFilesDocument, SuspicionRow, VisibilityRow
from backup_contract.documents.output.schema import SourceDocument


class RunRow(TypedDict):
    """One run, in ``status`` and ``list --runs``."""

    run_id: Annotated[str, "its name, the time it was due or begun (UTC)"]
    verdict: Annotated[
        str | None,
        "the reporter's verdict; unreadable if its report or the manifest is damaged; "
        "null before that, and without AWS",
    ]
    reason: Annotated[str | None, "the sentence that explains the verdict"]
    good: Annotated[
        bool,
        "verified; without a reporter: complete, with archives, and nothing failed or unsaved",
    ]
    complete: Annotated[bool, "whether the backup wrote its complete manifest"]
    started_at: Annotated[str | None, "ISO 8601, UTC"]
    finished_at: Annotated[str | None, "ISO 8601, UTC"]
    listed: Annotated[int, "repositories that GitHub listed"]
    backed_up: Annotated[int, "repositories that were fetched and stored"]
    unchanged: Annotated[int, "repositories without a change since an earlier run"]
    failed: Annotated[int, "repositories that failed, including by their wikis"]
    failed_accounts: Annotated[int, "accounts whose own data is incomplete"]
    failed_gists: Annotated[int, "gists that could not be backed up"]
    unsaved: Annotated[int, "repositories that a narrowed run did not select, without any backup"]
    excluded: Annotated[int, "repositories that options exclude"]
    only: Annotated[list[str], "the patterns that the run was narrowed to; empty: everything"]
    bytes_stored: Annotated[int, "bytes of all archives in the run's manifest"]
    visibility: Annotated[list[VisibilityRow], "by owner; empty: not known"]
    rewritten: Annotated[int, "branches and tags that were rewritten or deleted on GitHub"]
    suspicious: Annotated[list[str], "changes that look like an attack; empty: none"]
    large_files: Annotated[LargeFilesDocument, "LFS objects, release assets and attachments"]


class RunningRow(TypedDict):
    """The run in progress."""

    run_id: Annotated[str, "its name"]
    attempt: Annotated[int, "which attempt, from 1"]
    phase: Annotated[str, "beginning, backing-up, done …"]
    done: Annotated[int, "repositories done by this attempt"]
    listed: Annotated[int, "repositories that GitHub listed"]
    failed: Annotated[int, "repositories that failed, of those done"]
    updated_at: Annotated[str, "when this was written, ISO 8601, UTC"]


class NewestVerified(TypedDict):
    """The newest reliable run of everything, by itself or completed by narrowed runs."""

    run_id: Annotated[str, "its name"]
    finished_at: Annotated[str, "ISO 8601, UTC"]
    age_days: Annotated[float, "how long ago that was"]


class StatusDocument(SourceDocument):
    """``repo-backup status --json``."""

    good: Annotated[bool, "the same as the exit code: true is 0, false is 3"]
    level: Annotated[str, "good; watch: good, but some repositories are known to be invisible; bad"]
    headline: Annotated[str, "the sentence at the top of the page"]
    reason: Annotated[str, "why"]
    misplaced: Annotated[list[str], "problems with archives of the newest complete run"]
    failed: Annotated[
        list[str], "what the newest complete run could not back up, each with the reason"
    ]
    unlisted: Annotated[
        list[str], "GitHub's answer for each retained repository that it no longer lists"
    ]
    suspicions: Annotated[list[SuspicionRow], "runs with rewrites that nobody acknowledged"]
    newest_verified: Annotated[NewestVerified | None, "null if there is none"]
    running: Annotated[RunningRow | None, "null if no run is in progress"]
    runs: Annotated[list[RunRow], "the newest runs, newest first"]


class AcknowledgeDocument(SourceDocument):
    """``repo-backup acknowledge --json``."""

    run_id: Annotated[str, "the run; earlier runs are acknowledged as well"]
    suspicions: Annotated[list[SuspicionRow], "suspicions that are still open"]


class ReportDocument(SourceDocument):
    """``repo-backup report --json``."""

    page: Annotated[str, "path of the page"]
    good: Annotated[bool, "whether the backups can be relied on, as status says"]
    level: Annotated[str, "good; watch: good, but some repositories are known to be invisible; bad"]
    headline: Annotated[str, "the sentence at the top of the page"]
    runs: Annotated[int, "runs on the page"]
    repositories: Annotated[int, "repositories on the page"]
    unreadable: Annotated[list[str], "damaged documents, which were ignored"]


class EvidenceRow(TypedDict):
    """One kind of one repository, in ``evidence``. With ``--csv``, each field is a column."""

    repository: Annotated[str, "owner/name"]
    kind: Annotated[str, "git: the repository itself; wiki; data; lfs-objects"]
    id: Annotated[int, "GitHub's id, which a rename does not change"]
    status: Annotated[str, "git: the status on the page; other kinds: the state in the manifest"]
    reason: Annotated[str | None, "why it is not backed up"]
    backed_up_at: Annotated[
        str | None, "start of the newest run that saved it or found it unchanged; null: never"
    ]
    backed_up_by_run: Annotated[str | None, "that run"]
    verified_at: Annotated[
        str | None, "start of the newest such run whose archives the reporter checked; null: never"
    ]
    verified_by_run: Annotated[str | None, "that run"]
    drilled_at: Annotated[str | None, "when a restore drill last read it back; null: never"]
    archive: Annotated[str | None, "its key in the store; null: there is none"]
    bytes: Annotated[int | None, "its size, overlays included"]
    sha256: Annotated[str | None, "of the zip without overlays"]
    version_id: Annotated[str | None, "its version in the bucket"]
    stored_by_run: Annotated[str | None, "the run that stored it, or its newest overlay"]


class EvidenceDocument(SourceDocument):
    """``repo-backup evidence --json``."""

    as_of: Annotated[str, "when the command ran, ISO 8601, UTC"]
    rows: Annotated[list[EvidenceRow], "by repository"]
    unreadable: Annotated[list[str], "damaged documents, which were ignored"]
