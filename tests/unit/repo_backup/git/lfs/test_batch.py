"""What a server offers is read with care: an odd answer costs one object, or names the server."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from repo_backup.git.lfs.batch import read_answer
from repo_backup.git.lfs.pointers import Pointer
from repo_backup.runtime.errors import RepositoryError

OID = "ab" * 32
NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
URL = "https://storage.example.org/x?Signature=1"


def read(document: Any) -> Any:
    return read_answer(json.dumps(document).encode(), [Pointer(OID, 5)], 1000.0, NOW)[OID]


def with_action(**action: object) -> Any:
    return {"objects": [{"oid": OID, "size": 5, "actions": {"download": action}}]}


def test_an_offer_has_the_address_and_the_headers_to_send_there() -> None:
    offer = read(with_action(href=URL, header={"X-Key": "k"}))
    assert (offer.action.url, offer.action.headers) == (URL, {"X-Key": "k"})
    assert offer.action.ends_at == float("inf")


@pytest.mark.parametrize(
    "expiry",
    [
        {"expires_in": 60},
        {"expires_at": "2026-11-27T17:01:00Z"},
        {"expires_in": 60, "expires_at": "2026-11-27T23:00:00Z"},
        {"expires_in": 0, "expires_at": "2026-11-27T18:01:00+01:00"},
    ],
)
def test_an_address_is_good_until_shortly_before_it_expires(expiry: dict[str, object]) -> None:
    assert read(with_action(href=URL, **expiry)).action.ends_at == 1050.0


def test_an_address_that_expires_in_more_seconds_than_can_be_counted_is_good() -> None:
    assert read(with_action(href=URL, expires_in=10**400)).action.ends_at == float("inf")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"objects": [{"oid": OID, "error": {"code": 410, "message": "gone"}}]}, "gone (410)"),
        ({"objects": [{"oid": OID, "error": {}}]}, "no reason given (?)"),
        ({"objects": []}, "the server's response does not mention it"),
        ({"objects": [{"oid": OID}]}, "the server gives no URL for it"),
        (with_action(href=5), "the server gives no URL for it"),
        (with_action(href=URL, header={"a b": "c"}), "the server requires invalid headers"),
        (
            with_action(href=URL, header={"A": "c\r\nB: d"}),
            "the server requires invalid headers",
        ),
        (with_action(href=URL, header=["A"]), "the server requires invalid headers"),
    ],
)
def test_an_object_that_is_not_offered_has_a_reason(document: Any, reason: str) -> None:
    offer = read(document)
    assert (offer.action, offer.reason) == (None, reason)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"objects": 5}',
        b'{"objects": [5]}',
        b'{"objects": [{}]}',
        b"null",
    ],
)
def test_what_is_no_answer_of_git_lfs_names_the_server(data: bytes) -> None:
    with pytest.raises(RepositoryError, match="does not follow the Git LFS protocol"):
        read_answer(data, [Pointer(OID, 5)], 0.0, NOW)


def test_another_transfer_than_was_asked_for_is_refused() -> None:
    with pytest.raises(RepositoryError, match="basic transfer"):
        read({**with_action(href=URL), "transfer": "multipart"})
