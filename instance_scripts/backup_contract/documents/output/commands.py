"""What ``--json`` prints, command by command: the schema that scripts may rely on.

Every document is one JSON object with ``schema`` (1) and ``command``. Names are never changed or
taken away within a schema; new ones may be added. docs/reference.md is made from this module.
"""

from typing import Annotated, Any, NotRequired, TypedDict

from backup_contract.documents.output.project_data import ItemChangesRow
from backup_contract.documents.output.project_data import ShowDocument as ShowDocument
from backup_contract.documents.output.rows import SuspicionRow, VisibilityRow

SCHEMA = 1


class RunRow(TypedDict):
    """One run, in ``status`` and ``list --runs``."""

    run_id: Annotated[str, "its name, the time it was due or begun (UTC)"]
    verdict: Annotated[
        str | None,
        "what the reporter found, unreadable where its report or the manifest is damaged; "
        "null before that, and without AWS",
    ]
    reason: Annotated[str | None, "the verdict in a sentence"]
    good: Annotated[
        bool,
        "verified; without a reporter: complete, with archives, nothing failed or not saved",
    ]
    complete: Annotated[bool, "whether the backup wrote its whole manifest"]
    started_at: Annotated[str | None, "ISO 8601, UTC"]
    finished_at: Annotated[str | None, "ISO 8601, UTC"]
    listed: Annotated[int, "repositories that GitHub listed"]
    backed_up: Annotated[int, "fetched and uploaded anew"]
    unchanged: Annotated[int, "found as an earlier run left them"]
    failed: Annotated[int, "repositories that failed, themselves or their wikis"]
    unsaved: Annotated[int, "that a narrowed run passed over, with nothing saved of them"]
    only: Annotated[list[str], "the patterns that the run was narrowed to; empty: everything"]
    bytes_stored: Annotated[int, "bytes of all archives that the run vouches for"]
    visibility: Annotated[list[VisibilityRow], "by owner; empty: not known"]
    rewritten: Annotated[int, "branches and tags that were rewritten or deleted on GitHub"]
    suspicious: Annotated[list[str], "what in that looks like an attack; empty: nothing"]


class RunningRow(TypedDict):
    """The run that is under way."""

    run_id: Annotated[str, "its name"]
    attempt: Annotated[int, "which attempt, from 1"]
    phase: Annotated[str, "beginning, backing-up, done …"]
    done: Annotated[int, "repositories done by this attempt"]
    listed: Annotated[int, "repositories that GitHub listed"]
    failed: Annotated[int, "of those done"]
    updated_at: Annotated[str, "when it last said so, ISO 8601, UTC"]


class NewestVerified(TypedDict):
    """The newest run of everything that can be relied on, or that narrowed ones have corrected."""

    run_id: Annotated[str, "its name"]
    finished_at: Annotated[str, "ISO 8601, UTC"]
    age_days: Annotated[float, "how long ago that was"]


class StatusDocument(TypedDict):
    """``repo_backup status --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    good: Annotated[bool, "what the exit code says: true is 0, false is 3"]
    level: Annotated[str, "good; watch: good, but something is known to be out of sight; bad"]
    headline: Annotated[str, "the sentence at the top of the page"]
    reason: Annotated[str, "why"]
    misplaced: Annotated[list[str], "what is wrong with archives of the newest complete run"]
    unlisted: Annotated[
        list[str], "what GitHub said of each repository that it no longer lists, and that is kept"
    ]
    suspicions: Annotated[list[SuspicionRow], "runs with rewrites that nobody acknowledged"]
    newest_verified: Annotated[NewestVerified | None, "null if there is none"]
    running: Annotated[RunningRow | None, "null if nothing is under way"]
    runs: Annotated[list[RunRow], "the newest runs, newest first"]


class ArchiveRow(TypedDict):
    """One archive, in ``list``."""

    repository: Annotated[str, "owner/name"]
    wiki: Annotated[bool, "whether it is the wiki's"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "where it lies in the store"]
    bytes: Annotated[int, "its size, overlays included"]
    overlays: Annotated[int, "how many are laid over it"]
    state: Annotated[
        str | None,
        "what the run found: backed-up, unchanged, failed …; kept: no longer listed; missing: it "
        "is not there any more; expired: that of the run is not; "
        "null if no manifest names it",
    ]
    run_id: Annotated[
        str | None, "the run that uploaded it, or its last overlay; null if no manifest names it"
    ]
    version_id: Annotated[str | None, "its version in the bucket; null in a directory"]
    sha256: Annotated[str | None, "of the zip, hexadecimal; null if no manifest names it"]


class VersionRow(TypedDict):
    """One version of an archive, in ``list --versions``."""

    version_id: Annotated[str | None, "its id in the bucket; null in a directory"]
    modified_at: Annotated[str, "ISO 8601, UTC"]
    bytes: Annotated[int, "its size"]
    latest: Annotated[bool, "whether it is the current one"]


class ListDocument(TypedDict):
    """``repo_backup list --json``: one of the three lists."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    archives: NotRequired[Annotated[list[ArchiveRow], "without an option"]]
    runs: NotRequired[Annotated[list[RunRow], "with --runs, newest first"]]
    versions: NotRequired[Annotated[list[VersionRow], "with --versions, newest first"]]


class RefsRow(TypedDict):
    """What became of the refs of one archive, in ``diff``; HEAD is among them with its branch."""

    added: Annotated[dict[str, str], "object ids by ref"]
    gone: Annotated[dict[str, str], "object ids by ref"]
    changed: Annotated[dict[str, list[str]], "by ref the object id before and after"]


class DiffRow(TypedDict):
    """One archive that became other, in ``diff``."""

    repository: Annotated[str, "owner/name, as the later run has it"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    change: Annotated[
        str, "added; gone: not listed any more; changed: its refs or items; renamed: only that"
    ]
    former_name: Annotated[str | None, "owner/name in the earlier run, if it was another"]
    bytes_before: Annotated[int | None, "its size, overlays included; null if it was not there"]
    bytes_after: Annotated[int | None, "the same in the later run"]
    refs: Annotated[RefsRow | None, "of what changed; null with --no-refs, or if unread"]
    items: Annotated[
        ItemChangesRow | None, "of changed project data; null with --no-refs, or if unread"
    ]
    refs_unread: Annotated[str | None, "why its refs or items cannot be read; null if they were"]


class DiffDocument(TypedDict):
    """``repo_backup diff --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    before: Annotated[str, "the run that RUN1 means"]
    after: Annotated[str, "the run that RUN2 means"]
    incomplete: Annotated[list[str], "which of the two did not complete, and may lack some"]
    repositories: Annotated[list[DiffRow], "what is not the same in both, by name"]


class CheckedRow(TypedDict):
    """One archive that was read back, in ``verify``."""

    key: Annotated[str, "where it lies in the store"]
    good: Annotated[bool, "whether git found every object, and the refs are the manifest's"]
    read: Annotated[bool, "false: this machine could not read it, which says nothing of it"]
    reason: Annotated[str | None, "what is wrong with it, or with reading it; null if nothing is"]
    remarks: Annotated[list[str], "what else to know: malformed history, links not checked"]


class AcknowledgeDocument(TypedDict):
    """``repo_backup acknowledge --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    run_id: Annotated[str, "the run; those before it are acknowledged as well"]
    suspicions: Annotated[list[SuspicionRow], "what is open still"]


class VerifyDocument(TypedDict):
    """``repo_backup verify --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    checked: Annotated[int, "archives that were read back"]
    bad: Annotated[int, "of those"]
    unread: Annotated[int, "archives that this machine could not read"]
    archives: Annotated[list[CheckedRow], "each archive, read or not"]


class ReportDocument(TypedDict):
    """``repo_backup report --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    page: Annotated[str, "path of the page"]
    good: Annotated[bool, "whether the backups can be relied on, as status says"]
    level: Annotated[str, "good; watch: good, but something is known to be out of sight; bad"]
    headline: Annotated[str, "the sentence at the top of the page"]
    runs: Annotated[int, "runs on the page"]
    repositories: Annotated[int, "repositories on the page"]
    unreadable: Annotated[list[str], "documents that are not what they should be, left out"]


class EvidenceRow(TypedDict):
    """One kind of one repository, in ``evidence``; a column each with ``--csv``."""

    repository: Annotated[str, "owner/name"]
    kind: Annotated[str, "git: the repository itself; wiki; data; lfs-objects"]
    id: Annotated[int, "GitHub's id, which a new name does not change"]
    status: Annotated[str, "as on the page; of other kinds than git the state in the manifest"]
    reason: Annotated[str | None, "why it is not backed up"]
    backed_up_at: Annotated[
        str | None, "begin of the newest run that saved it or found it unchanged; null: never"
    ]
    backed_up_by_run: Annotated[str | None, "that run"]
    verified_at: Annotated[
        str | None, "begin of the newest such run whose archives the reporter checked; null: never"
    ]
    verified_by_run: Annotated[str | None, "that run"]
    drilled_at: Annotated[str | None, "when a restore drill last read it back; null: never"]
    archive: Annotated[str | None, "where it lies; null: there is none"]
    bytes: Annotated[int | None, "its size, overlays included"]
    sha256: Annotated[str | None, "of the zip without overlays"]
    version_id: Annotated[str | None, "its version in the bucket"]
    stored_by_run: Annotated[str | None, "the run that stored it, or its newest overlay"]


class EvidenceDocument(TypedDict):
    """``repo_backup evidence --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    as_of: Annotated[str, "when it was asked, ISO 8601, UTC"]
    rows: Annotated[list[EvidenceRow], "by repository"]
    unreadable: Annotated[list[str], "documents that are not what they should be, left out"]


class RestoreDocument(TypedDict):
    """``repo_backup restore --json``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    repository: Annotated[str, "owner/name"]
    wiki: Annotated[bool, "whether it is the wiki's"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "the archive"]
    version_id: Annotated[str | None, "its version in the bucket; null in a directory"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    incomplete: Annotated[bool, "an earlier state than was asked for: an overlay is at fault"]
    mirror: Annotated[
        str | None, "path of the bare mirror, or of the folder of --data; null when it was pushed"
    ]
    data: Annotated[
        str | None, "path of its project data, restored with it; null where there is none"
    ]
    pushed_to: Annotated[str | None, "address, without credentials; null when it was not pushed"]
    remarks: Annotated[list[str], "what else to know: malformed history, links not checked"]
    refs_not_pushed: Annotated[dict[str, str], "by ref, why the host does not take it"]


class RestoredRow(TypedDict):
    """One archive, in ``restore`` of several repositories."""

    repository: Annotated[str, "owner/name, with ~ID where another repository has the plain key"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "where the archive lies in the store"]
    state: Annotated[str, "restored; present: an earlier restore had put it there; failed"]
    path: Annotated[str | None, "where it is; null if it failed or was pushed"]
    pushed_to: Annotated[str | None, "the address that it was pushed to; null with --into"]
    incomplete: Annotated[bool, "an earlier state than was asked for, or lacking some large files"]
    reason: Annotated[str | None, "why it failed; null if it did not"]
    remarks: Annotated[list[str], "what else to know: malformed history, links not checked"]


class UnsavedRow(TypedDict):
    """A repository that is not in the backup, in ``restore`` of several."""

    repository: Annotated[str, "owner/name"]
    reason: Annotated[str, "what its run found"]


class RestoreManyDocument(TypedDict):
    """``repo_backup restore --json`` of several names, of a pattern, or with ``--all``."""

    schema: int
    command: str
    source: Annotated[str, "the store that was asked"]
    into: Annotated[str | None, "the folder; null with --push-to-owner"]
    pushed_to_owner: Annotated[str | None, "the account; null with --into"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    restored: Annotated[int, "archives that were restored"]
    present: Annotated[int, "archives that were there already, and right"]
    failed: Annotated[int, "archives that could not be restored"]
    archives: Annotated[list[RestoredRow], "each archive"]
    unsaved: Annotated[list[UnsavedRow], "repositories of which there is no archive"]


class BackupDocument(TypedDict):
    """``repo_backup backup --json``."""

    schema: int
    command: str
    run_id: Annotated[str, "its name"]
    exit_code: Annotated[int, "the program's own: 0 or 3"]
    totals: Annotated[dict[str, int], "counts by state, and bytes, as in the manifest"]
    visibility: Annotated[list[VisibilityRow], "by owner"]
    failed: Annotated[dict[str, str], "reason by repository"]


class PlannedRow(TypedDict):
    """One repository, in ``backup --dry-run``."""

    repository: Annotated[str, "owner/name"]
    bytes: Annotated[int, "its size, by GitHub's estimate"]
    bytes_to_fetch: Annotated[int, "of what would be fetched of it, about; 0 when unchanged"]
    left_out: Annotated[str | None, "by which option; null when it would be backed up"]
    would_be: Annotated[str, "fetched, unchanged, empty, left out or failed, with the reason"]
    wiki_would_be: Annotated[str | None, "the same, or absent; null when it has no wiki"]
    further_would_be: Annotated[dict[str, str], "the same for all that it has besides, by kind"]


class DryRunDocument(TypedDict):
    """``repo_backup backup --dry-run --json``."""

    schema: int
    command: str
    repositories: Annotated[list[PlannedRow], "every repository that is visible"]
    visibility: Annotated[list[VisibilityRow], "by owner"]
    bytes: Annotated[int, "of those that would be backed up"]
    bytes_to_fetch: Annotated[int, "of those that changed, about"]
    errors: Annotated[list[str], "what was wrong with the listing"]


class AnswerDocument(TypedDict):
    """``repo_backup run-now --json`` and ``check --json``."""

    schema: int
    command: str
    stack: Annotated[str, "the stack's name"]
    answer: Annotated[dict[str, Any], "what the launcher answered"]
    report: Annotated[dict[str, Any] | None, "the run's report.json, once there is one"]


class EstimateDocument(TypedDict):
    """``repo_backup estimate --json``; amounts are USD, list prices without free allowances."""

    schema: int
    command: str
    owners: Annotated[list[str], "whose repositories; empty: all that the token can see"]
    repositories: Annotated[int, "listed and not left out"]
    bytes_newest: Annotated[int, "of their newest archives, about"]
    bytes_replaced: Annotated[
        int, "of overlays and replaced archives, once --keep-days have passed"
    ]
    usd_storage_newest: Annotated[float, "per month"]
    usd_storage_replaced: Annotated[float, "per month, once --keep-days have passed"]
    usd_runs: Annotated[float, "per month: instance, disk, address"]
    usd_requests: Annotated[float, "per month"]
    usd_month: Annotated[float, "all of that"]
    usd_first_run: Annotated[float, "once"]
    hours_first_run: Annotated[float, "that the first run takes, project data left aside"]
    attempts_first_run: Annotated[int, "of three hours each, the default of DeadlineMinutes"]
    data_requests_first: Annotated[
        int | None, "to read all project data the first time; null where none is saved, or unknown"
    ]
    data_hours_first: Annotated[float | None, "of GitHub's hourly limits, for that"]
    data_requests_week: Annotated[int | None, "in a week in which nothing changes"]
    data_hours_week: Annotated[float | None, "of GitHub's hourly limits, for that"]
    assumptions: Annotated[list[str], "what the figures rest on"]
