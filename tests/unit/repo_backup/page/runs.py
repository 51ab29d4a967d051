"""Runs written down by hand, as the program and the reporter write them, into a directory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import (
    Archive,
    Entry,
    ItemResult,
    Manifest,
    State,
    by_kind,
)
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import GIT
from backup_contract.visibility import Visibility
from repo_backup.health.status import assess
from repo_backup.page.run_history import RunHistory, read
from repo_backup.page.view_model import Page, build_page
from repo_backup.store.directory import DirectoryStore

FIRST = datetime(2026, 11, 6, 17, tzinfo=UTC)
WEEK = timedelta(days=7)


def entry(
    number: int,
    state: State = "backed-up",
    *,
    name: str = "",
    reason: str | None = None,
    run_id: str = "earlier",
    wiki: ItemResult | None = None,
    **more: Any,
) -> Entry:
    """A repository ``octo/repo-N`` with an archive of N kB where its state has one."""
    name = name or f"repo-{number}"
    archive = None
    if state in ("backed-up", "unchanged"):
        archive = Archive(layout.archive("octo", name), number * 1000, "0" * 64, run_id)
    part = ItemResult(state, reason, archive=archive, **more)
    return Entry(number, "octo", name, False, False, False, by_kind(part, wiki))


def passed_over(before: Entry) -> Entry:
    """What a run narrowed to x writes of a repository that it was not asked for."""
    state: State = before.git.state
    if state not in ("failed", "empty"):
        state = "skipped"
    reason = before.git.reason if state == "failed" else "not in --only x"
    result = replace(before.git, state=state, reason=reason)
    return replace(before.having(GIT, result), asked=False)


@dataclass
class Runs:
    """A directory that was backed up to; each ``add`` is a week after the one before."""

    root: Path
    ids: list[str] = field(default_factory=list)

    def add(
        self,
        *entries: Entry,
        verdict: str | None = "verified",
        problems: Sequence[str] = (),
        complete: bool = True,
        manifest: bool = True,
        only: Sequence[str] = (),
        visibility: Sequence[Visibility] | None = None,
        **report: Any,
    ) -> str:
        """A run and its archives; without a verdict, one that no reporter saw. Its id.

        All repositories are visible unless ``visibility`` tells otherwise.
        """
        moment = FIRST + WEEK * len(self.ids)
        run_id = f"{moment:%Y-%m-%dT%H-%M-%SZ}"
        self.ids.append(run_id)
        if manifest:
            ended = moment + timedelta(minutes=3)
            by_id = by_identity(entries)
            written = Manifest(run_id, 1, ["octo"], moment, by_id, len(entries), ended, complete)
            written.only = [*only]
            seen = [Visibility("octo", "all", len(entries))] if visibility is None else visibility
            written.visibility = tuple(seen)
            self.put(layout.manifest(run_id), written.to_json())
        for each in entries:
            for archive in each.archives:
                self.put(archive.key, b"x" * archive.bytes)
        if verdict:
            document = {
                "schema": 1,
                "verdict": verdict,
                "reason": f"It is {verdict}.",
                "problems": list(problems),
                "only": list(only),
                "reported_at": (moment + timedelta(minutes=5)).isoformat(),
                **report,
            }
            self.put(layout.report(run_id), json.dumps(document).encode())
        return run_id

    def put(self, key: str, data: bytes) -> None:
        """Anything else."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    @property
    def soon(self) -> datetime:
        """A day after the newest run."""
        return FIRST + WEEK * (len(self.ids) - 1) + timedelta(days=1)

    def read(self, newest: int | None = None) -> RunHistory:
        """What the page reads."""
        return read(DirectoryStore(self.root), newest)

    def page(self, now: datetime | None = None) -> Page:
        """What the page says."""
        now = now or self.soon
        found = assess(DirectoryStore(self.root), 5, now, None)
        return build_page(self.read(), "s3://bucket", now, found.judgement, found.under_way)
