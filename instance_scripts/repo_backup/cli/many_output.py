"""Prints a restore of many repositories: a line for each, the summary, the JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from backup_contract.documents.output.restore import RestoredRow, RestoreManyDocument, UnsavedRow
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import ACCOUNT, GIST, GIT, KINDS, labelled
from repo_backup.cli.output import print_line, print_message
from repo_backup.restore.many import RestoredArchive


@dataclass(frozen=True)
class ManyOutcome:
    """The result. ``unsaved`` has name and reason of repositories that are not in the backup."""

    rows: Sequence[RestoredArchive]
    unsaved: Sequence[tuple[str, str]]
    run_id: str | None
    into: str | None
    owner: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything requested is restored."""
        return not self.unsaved and all(each.is_complete for each in self.rows)


def print_rows(rows: Sequence[RestoredArchive]) -> None:
    """Print the results of one repository's archives."""
    for row in rows:
        name = _name(row)
        if row.state == "failed":
            print_message(f"NOT RESTORED: {name}: {row.reason}")
            continue
        done = "restored" if row.state == "restored" else "there already"
        print_line(f"{done}: {row.path or f'{name} → {row.pushed_to}'}")
        for remark in row.remarks:
            print_message(f"{name}: {remark}")


def print_outcome(outcome: ManyOutcome) -> None:
    """Print the counts, and once more all failures. Accounts' own data is not counted."""
    rows = [row for row in outcome.rows if row.kind != ACCOUNT] or outcome.rows
    names = {row.repository for row in rows}
    lacking = {row.repository for row in rows if not row.is_complete}
    new = {row.repository for row in rows if row.state != "present"}
    there = f"; {len(names - new)} of them were there already" if names - new else ""
    as_of = f" as of {outcome.run_id}" if outcome.run_id else ""
    total = len(names) + len(outcome.unsaved)
    where = outcome.into or outcome.owner
    whole = f"{len(names - lacking)} of {total} {_noun(rows)}"
    print_line(f"{whole} restored to {where}{as_of}{there}")
    for row in outcome.rows:
        if row.state == "failed":
            print_message(f"not restored: {_name(row)}: {row.reason}")
        elif row.incomplete:
            print_line(f"incomplete: {_name(row)}")
    for name, reason in outcome.unsaved:
        print_line(f"not in the backup: {name}: {reason}")


def many_document(source: str, outcome: ManyOutcome) -> RestoreManyDocument:
    """The result as JSON document."""
    rows = outcome.rows
    return RestoreManyDocument(
        schema=SCHEMA,
        command="restore",
        source=source,
        into=outcome.into,
        pushed_to_owner=outcome.owner,
        run_id=outcome.run_id,
        restored=sum(each.state == "restored" for each in rows),
        present=sum(each.state == "present" for each in rows),
        failed=sum(each.state == "failed" for each in rows),
        archives=[
            RestoredRow(
                repository=each.repository,
                kind=each.kind,
                key=each.key,
                state=each.state,
                path=str(each.path) if each.path else None,
                pushed_to=each.pushed_to or None,
                incomplete=each.incomplete,
                reason=each.reason or None,
                remarks=list(each.remarks),
            )
            for each in rows
        ],
        unsaved=[UnsavedRow(repository=name, reason=why) for name, why in outcome.unsaved],
    )


def _name(row: RestoredArchive) -> str:
    return labelled(row.repository.rstrip("/"), row.kind)


def _noun(rows: Sequence[RestoredArchive]) -> str:
    """The noun for what was requested: repositories, gists, or both; else account data."""
    if rows and all(row.kind == ACCOUNT for row in rows):
        return "accounts' data"
    of = {row.kind == GIST for row in rows}
    named = (KINDS[kind].many for kind in (GIT, GIST) if (kind == GIST) in of)
    return " and ".join(named) or KINDS[GIT].many
