"""What a listing proves, and what a chain's document must agree with."""

from typing import Any

import pytest

from backup_contract.documents.chain import ChainDocument, Link, chain_of
from backup_contract.documents.manifest import Archive
from reporter.judge.archive_state import (
    Accepted,
    DocumentCheck,
    Listed,
    check_document,
    confirms,
)

KEY, SHA, RUN = "github_backups/octo/hello.zip", "ab" * 32, "r1"
ARCHIVE = Archive(KEY, 7, SHA, RUN, version_id="v1", etag='"e"')
LISTED = Listed(KEY, "v1", "2026-11-20T17:00:00.000Z", '"e"', 7)


def test_the_id_of_the_current_version_is_proof() -> None:
    assert confirms(LISTED, ARCHIVE)
    assert confirms(LISTED, Archive(KEY, 7, SHA, RUN, version_id="v1"))


@pytest.mark.parametrize(
    "other", [None, *({"version_id": "v2"}, {"etag": '"f"'}, {"bytes": 8}, {"version_id": ""})]
)
def test_anything_else_is_not(other: dict[str, Any] | None) -> None:
    assert not confirms(None if other is None else LISTED._replace(**other), ARCHIVE)


@pytest.mark.parametrize("version", [None, "null"])
def test_without_versions_an_etag_is_proof_of_overlays_alone(version: str | None) -> None:
    """A base is asked for, as it always was."""
    archive = Archive(KEY, 7, SHA, RUN, version_id=version, etag='"e"')
    listed = LISTED._replace(version_id="null")
    assert not confirms(listed, archive)
    assert confirms(listed, archive, by_etag=True)
    assert not confirms(listed._replace(etag='"f"'), archive, by_etag=True)
    assert not confirms(listed, Archive(KEY, 7, SHA, RUN), by_etag=True)


def document(links: int) -> ChainDocument:
    made = ChainDocument(KEY, SHA[:12])
    for _ in range(links):
        made = made.with_link(Link(made.next_key, 9, SHA, RUN, "d", 1))
    return made


def known(links: int) -> Accepted:
    return Accepted("v1", SHA[:12], links, document(links).digest)


def test_the_first_lines_are_those_of_the_accepted_run() -> None:
    chain = chain_of(document(3), "base", 1)
    assert check_document(chain, document(3), known(2)) == DocumentCheck(2)
    assert check_document(chain, document(3), known(3)) == DocumentCheck(3)
    assert check_document(chain, document(3), None) == DocumentCheck(0)
    assert check_document(
        chain, document(3), known(2)._replace(chain_id="0" * 12)
    ) == DocumentCheck(0)
    found = check_document(chain, document(3), known(2)._replace(digest=SHA))
    assert found.accepted == 0
    assert (
        "does not list the 2 overlays that an earlier run was checked with" in found.objections[0]
    )


def test_a_document_that_lacks_lines_vouches_for_those_that_it_has() -> None:
    found = check_document(chain_of(document(3), "base", 1), document(2), known(2))
    assert found.accepted == 2
    assert "lists 2 of 3 overlays" in found.objections[0]
