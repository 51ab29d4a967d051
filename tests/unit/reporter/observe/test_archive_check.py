"""However much junk lies beside the archives, the check is bounded, and says little of it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, Entry, ItemResult
from backup_contract.kinds import GIT
from reporter.judge.archive_state import Accepted, Listed
from reporter.observe.archive_check import check
from reporter.observe.bucket import Bucket

KEY, SHA = "github_backups/octo/hello.zip", "ab" * 32
AT = "2026-11-20T17:00:00.000Z"


class Store:
    """An S3 whose listing is made up."""

    def __init__(self, rows: list[Listed]) -> None:
        self.rows = sorted(rows)
        self.meta = SimpleNamespace(events=self)

    def register_first(self, *_: Any) -> None:
        pass

    unregister = register_first

    def get_paginator(self, _: str) -> "Store":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self.rows), 1000):
            yield {"CurrentVersions": self.rows[start : start + 1000]}


def test_sixty_thousand_overlays_that_no_run_put_are_one_line_and_a_chain_to_retire() -> None:
    keys = [layout.overlay(KEY, SHA[:12], number) for number in range(1, 10_000)]
    keys += [
        layout.overlay(base, f"{chain:012x}", number)
        for base, chain in ((KEY, 1), *(("github_backups/octo/other.zip", n) for n in range(4)))
        for number in range(1, 10_000)
    ]
    rows = [Listed(key, "v", AT, '"e"', 1) for key in keys]
    rows.append(Listed(KEY, "v1", "2026-11-20T18:00:00.000Z", '"e"', 7))
    archive = Archive(KEY, 7, SHA, "r1", version_id="v1", etag='"e"')
    results = {GIT: ItemResult("unchanged", archive=archive)}
    items = Entry(1, "octo", "hello", False, False, False, results).items
    store = cast(Any, Store(rows))
    found = check(Bucket(store, "backups"), items, {KEY: Accepted("v1", SHA[:12], 0, "")})
    assert (found.problems, found.chain_problems) == ((), ())
    (notice,) = found.notices
    assert "0001.zip and 9998 more are overlays that no run names" in notice
    assert found.chains == 2
    assert [each.chain_id for each in found.superseded] == ["000000000001"]
