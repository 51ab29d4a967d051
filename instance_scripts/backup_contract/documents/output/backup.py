"""What ``backup``, ``run-now``, ``check`` and ``estimate`` print: a run, or what it would do."""

from typing import Annotated, Any, TypedDict

from backup_contract.documents.output.rows import VisibilityRow
from backup_contract.documents.output.schema import Document


class BackupDocument(Document):
    """``repo-backup backup --json``."""

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


class PlannedAccount(TypedDict):
    """The data of an account itself, in ``backup --dry-run``."""

    account: Annotated[str, "its name"]
    would_be: Annotated[str, "fetched, unchanged, left out or failed, with the reason"]


class DryRunDocument(Document):
    """``repo-backup backup --dry-run --json``."""

    repositories: Annotated[list[PlannedRow], "every repository that is visible"]
    accounts: Annotated[list[PlannedAccount], "each account whose own data is backed up"]
    visibility: Annotated[list[VisibilityRow], "by owner"]
    bytes: Annotated[int, "of those that would be backed up"]
    bytes_to_fetch: Annotated[int, "of those that changed, about"]
    errors: Annotated[list[str], "what was wrong with the listing"]


class AnswerDocument(Document):
    """``repo-backup run-now --json`` and ``check --json``."""

    stack: Annotated[str, "the stack's name"]
    answer: Annotated[dict[str, Any], "what the launcher answered"]
    report: Annotated[dict[str, Any] | None, "the run's report.json, once there is one"]


class EstimateDocument(Document):
    """``repo-backup estimate --json``; amounts are USD, list prices without free allowances."""

    owners: Annotated[list[str], "whose repositories; empty: all that the token can see"]
    repositories: Annotated[int, "listed and not left out"]
    gists: Annotated[int, "listed and not left out"]
    bytes_newest: Annotated[int, "of their newest archives, about"]
    bytes_replaced: Annotated[
        int, "of overlays and replaced archives, once --keep-days have passed"
    ]
    usd_storage_newest: Annotated[float, "per month"]
    usd_storage_replaced: Annotated[float, "per month, once --keep-days have passed"]
    usd_storage_assets: Annotated[float | None, "per month: release assets; null: not counted"]
    usd_runs: Annotated[float, "per month: instance, disk, address"]
    usd_requests: Annotated[float, "per month"]
    usd_month: Annotated[float, "all of that"]
    usd_first_run: Annotated[float, "once"]
    hours_first_run: Annotated[float, "duration of the first run, without project data"]
    attempts_first_run: Annotated[int, "of three hours each, the default of DeadlineMinutes"]
    bytes_largest: Annotated[int, "of the largest repository, which disk and memory go by"]
    disk_gib_first_run: Annotated[int, "VolumeSizeGiB for that, at least its default"]
    memory_gib_first_run: Annotated[int, "of the instance"]
    instance_types_first_run: Annotated[
        list[str], "default InstanceTypes with so much memory, else larger ones; empty: none known"
    ]
    assets: Annotated[int | None, "files of releases; null: excluded, or not counted"]
    bytes_assets: Annotated[int | None, "of those"]
    assets_uncounted: Annotated[int | None, "repositories whose releases were not counted"]
    data_requests_first: Annotated[
        int | None, "to read all project data the first time; null where none is saved, or unknown"
    ]
    data_hours_first: Annotated[float | None, "of GitHub's hourly limits, for that"]
    data_requests_week: Annotated[int | None, "in a week in which nothing changes"]
    data_hours_week: Annotated[float | None, "of GitHub's hourly limits, for that"]
    assumptions: Annotated[list[str], "the assumptions behind the figures"]
