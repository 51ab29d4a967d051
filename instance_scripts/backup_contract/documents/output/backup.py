"""The output of ``backup``, ``run-now``, ``check`` and ``estimate``."""

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
    bytes_to_fetch: Annotated[int, "about how much would be fetched; 0 if unchanged"]
    left_out: Annotated[str | None, "the option that excludes it; null if it would be backed up"]
    would_be: Annotated[str, "fetched, unchanged, empty, left out or failed, with the reason"]
    wiki_would_be: Annotated[str | None, "the same, or absent; null if it has no wiki"]
    further_would_be: Annotated[dict[str, str], "the same for its other kinds, by kind"]


class PlannedAccount(TypedDict):
    """The data of an account itself, in ``backup --dry-run``."""

    account: Annotated[str, "its name"]
    would_be: Annotated[str, "fetched, unchanged, left out or failed, with the reason"]


class DryRunDocument(Document):
    """``repo-backup backup --dry-run --json``."""

    repositories: Annotated[list[PlannedRow], "every repository that is visible"]
    accounts: Annotated[list[PlannedAccount], "each account whose own data is backed up"]
    visibility: Annotated[list[VisibilityRow], "by owner"]
    bytes: Annotated[int, "size of those that would be backed up"]
    bytes_to_fetch: Annotated[int, "about how much would be fetched of those that changed"]
    errors: Annotated[list[str], "errors of the listing"]


class AnswerDocument(Document):
    """``repo-backup run-now --json`` and ``check --json``."""

    stack: Annotated[str, "the stack's name"]
    answer: Annotated[dict[str, Any], "the launcher's answer"]
    report: Annotated[dict[str, Any] | None, "the run's report.json; null until there is one"]


class EstimateDocument(Document):
    """``repo-backup estimate --json``; amounts are USD, list prices without free allowances."""

    owners: Annotated[list[str], "the owners; empty: all repositories that the token can see"]
    repositories: Annotated[int, "listed and not excluded"]
    gists: Annotated[int, "listed and not excluded"]
    bytes_newest: Annotated[int, "about the size of their newest archives"]
    bytes_replaced: Annotated[
        int, "size of overlays and replaced archives, once --keep-days have passed"
    ]
    usd_storage_newest: Annotated[float, "per month"]
    usd_storage_replaced: Annotated[float, "per month, once --keep-days have passed"]
    usd_storage_assets: Annotated[float | None, "per month: release assets; null: not counted"]
    usd_runs: Annotated[float, "per month: instance, disk, address"]
    usd_requests: Annotated[float, "per month"]
    usd_month: Annotated[float, "per month: the sum of these"]
    usd_first_run: Annotated[float, "once"]
    hours_first_run: Annotated[float, "duration of the first run, without project data"]
    attempts_first_run: Annotated[int, "of three hours each, the default of DeadlineMinutes"]
    bytes_largest: Annotated[
        int, "size of the largest repository, which determines disk and memory"
    ]
    disk_gib_first_run: Annotated[int, "VolumeSizeGiB for that, at least its default"]
    memory_gib_first_run: Annotated[int, "memory of the instance for that"]
    instance_types_first_run: Annotated[
        list[str],
        "default InstanceTypes with enough memory, else larger ones; empty: none known",
    ]
    assets: Annotated[int | None, "release assets; null: excluded, or not counted"]
    bytes_assets: Annotated[int | None, "their size"]
    assets_uncounted: Annotated[int | None, "repositories whose releases were not counted"]
    data_requests_first: Annotated[
        int | None,
        "requests to read all project data the first time; null if none is saved, or unknown",
    ]
    data_hours_first: Annotated[float | None, "hours of GitHub's limits that these take"]
    data_requests_week: Annotated[int | None, "requests in a week in which nothing changes"]
    data_hours_week: Annotated[float | None, "hours of GitHub's limits that these take"]
    assumptions: Annotated[list[str], "the assumptions behind the figures"]
