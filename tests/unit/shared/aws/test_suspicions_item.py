"""What is suspicious survives in one item of the run table, however much there is of it."""

import json

import pytest

from backup_contract.documents.suspicion import Suspicion
from shared.aws.run_items import item, read_suspicions, suspicions_item
from shared.errors import DamagedItemError

_ITEM_BYTES = 400_000


def test_suspicions_are_read_as_they_were_written() -> None:
    found = (Suspicion("r1", ("a",), frozenset({"k"})), Suspicion("r2", ("b", "c"), None))
    assert read_suspicions(suspicions_item(found)) == found
    assert read_suspicions(suspicions_item([])) == ()


def test_of_more_archives_than_an_item_holds_every_archive_is_concerned() -> None:
    keys = [
        frozenset(f"github_backups/{'o' * 30}/{n}-{m}.zip" for m in range(2000)) for n in "abcd"
    ]
    written = suspicions_item([Suspicion(f"r{n}", ("x",), each) for n, each in enumerate(keys)])
    assert len(json.dumps(written)) < _ITEM_BYTES
    assert [each.keys for each in read_suspicions(written)] == [None] * 4


@pytest.mark.parametrize("document", ["{}", "[]", '{"suspicions": [{"run_id": "r1"}]}', "x"])
def test_a_damaged_item_is_named(document: str) -> None:
    with pytest.raises(DamagedItemError, match="suspicions"):
        read_suspicions(item("suspicions", document=document))
