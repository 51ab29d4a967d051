"""docs/schemas/ describes what is written: every document fits, and every field is described."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import (
    Archive,
    Entry,
    ItemResult,
    Manifest,
    OrphanedArchive,
    Unserved,
    by_identity,
)
from backup_contract.documents.object_list import ObjectListRef
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.documents.parts.attached import Attached
from backup_contract.documents.parts.gists import gist_entry
from backup_contract.documents.parts.objects_put import ObjectsPut
from backup_contract.documents.parts.results import LastListing, Referred
from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.documents.parts.upstream import Upstream
from backup_contract.documents.suspicion import Suspicion
from backup_contract.kinds import DATA, KINDS
from reporter.publish.manifest import published
from reporter.publish.run_report import run_report
from tests.unit.backup_contract.test_manifest import one_of_everything
from tests.unit.reporter.publish.samples import SAMPLES
from tools.bench.page.history import History

ROOT = Path(__file__).parents[3]
FIXTURES = sorted((ROOT / "tests" / "fixtures").glob("*/runs/*/manifest.json"))
REWRITES = Rewrites("r1", (Rewrite("refs/heads/x", RewriteKind.FORCED_BRANCH, "a" * 40, None),))


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text())


def closed(node: Any) -> Any:
    """The same schema, which allows no field that it does not describe."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    more = {"additionalProperties": False} if isinstance(node.get("properties"), dict) else {}
    return {**more, **{name: closed(each) for name, each in node.items()}}


def described(node: Any) -> Iterator[str]:
    """Every field of a schema that nothing is said of."""
    if isinstance(node, dict):
        for name, each in node.get("properties", {}).items():
            if "$ref" not in each and not each.get("description"):
                yield name
        for each in node.values():
            yield from described(each)


def check(document: Any, name: str) -> None:
    validator = jsonschema.Draft202012Validator(closed(schema(name)))
    assert [f"{each.json_path}: {each.message}" for each in validator.iter_errors(document)] == []


def with_accounts() -> Any:
    """Two repositories that lack the same, an account, and what the requests were for."""
    read = Manifest.from_json(json.dumps(one_of_everything()).encode())
    (entry,) = read.entries.values()
    archive = Archive("github_backups/octo/~account.zip", 1, "0" * 64, "r1")
    account = ItemResult("backed-up", archive=archive, data=entry.results[DATA].data)
    read.entries = by_identity([entry, replace(entry, id=2, name="other")])
    read.accounts = by_identity([account_entry("octo", account, asked=False)])
    gist = ItemResult("unchanged", archive=archive, listing=LastListing("2024", "2026-11-30"))
    read.gists = by_identity([gist_entry("octo", "a1", gist, secret=True, asked=False)])
    read.api_requests = {"changes": 3}
    read.objects_put = ObjectsPut(2, 9)
    result = entry.results[DATA]
    assert result.data
    attached = Attached(3, 2, 9, {"sign-in": 1})
    with_attached = replace(result, data=replace(result.data, attached=attached))
    read.entries = by_identity(
        [*read.entries.values(), replace(entry.having(DATA, with_attached), id=3)]
    )
    document = json.loads(read.to_json())
    assert document["repositories"][1][DATA]["sections"] == 0
    known = {"accounts", "gists", "api_requests", "objects_put", "sections_in_common"}
    assert known <= document.keys()
    return document


def manifests() -> Iterator[Any]:
    """As the program writes them, and one as the reporter publishes it."""
    whole = one_of_everything()
    yield whole
    yield json.loads(published(json.dumps(whole).encode(), "verified", "k", "0" * 64, ["k"], []))
    chain = Chain("0" * 12, 1, 5, 5, "0" * 64, "r1", "0" * 64, 3)
    archive = Archive("github_backups/octo/x.zip", 1, "0" * 64, "r1")
    result = ItemResult(
        "backed-up",
        archive=archive,
        chain=chain,
        rewrites=REWRITES,
        objects=Referred(2, 9, 1, 5),
        object_list=ObjectListRef(70, "0" * 64),
        unserved=Unserved("0" * 64),
    )
    results = dict.fromkeys(
        (kind.name for kind in KINDS.values() if kind.of == "repository"), result
    )
    entry = Entry(1, "octo", "x", False, False, False, results, False, "ghe", starred=True)
    gone = Upstream("not-visible")
    kept = OrphanedArchive(archive.key, 2, "octo", "y", DATA, result, "ghe", gone, starred=True)
    whole["repositories"].append(entry.document)
    whole["kept_further"] = [kept.document]
    yield whole
    yield with_accounts()
    yield from (
        json.loads(d) for key, d in History(9, 2, "partial").documents() if "manifest" in key
    )


@pytest.mark.parametrize("name", ["manifest", "run-report"])
def test_each_schema_is_one_and_says_something_of_each_field(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert [*described(schema(name))] == []


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parts[-4])
def test_what_earlier_versions_wrote_fits(path: Path) -> None:
    check(json.loads(path.read_text()), "manifest")


def test_all_that_a_manifest_can_hold_is_described() -> None:
    for document in manifests():
        check(document, "manifest")


@pytest.mark.parametrize("sample", SAMPLES)
def test_all_that_a_run_report_can_hold_is_described(sample: str) -> None:
    report = run_report(SAMPLES[sample])
    suspicion = Suspicion("r1", ("all branches were deleted",), None)
    check(replace(report, suspicions=(suspicion,)).document, "run-report")
    check(report.document, "run-report")


@pytest.mark.parametrize(
    ("field", "value"),
    [("schema", 2), ("complete", "yes"), ("repositories", None), ("finished_at", 5)],
)
def test_what_no_program_reads_fits_no_schema(field: str, value: Any) -> None:
    validator = jsonschema.Draft202012Validator(schema("manifest"))
    assert not validator.is_valid({**one_of_everything(), field: value})
    assert validator.is_valid({**one_of_everything(), "of_a_later_version": 1})
