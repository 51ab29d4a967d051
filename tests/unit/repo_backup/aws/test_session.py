"""How answers of AWS are read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from repo_backup.aws.session import session, timestamp

FORMATS = [
    "2026-11-30T17:20:00.000Z",
    "2026-11-30T17:20:00Z",
    "20261130T172000Z",
    "2026-11-30T17:20:00+00:00",
    "Mon, 30 Nov 2026 17:20:00 GMT",
    1796059200,
    "1796059200",
]


@pytest.mark.parametrize("written", FORMATS)
def test_a_time_is_what_botocore_reads_whatever_its_format(written: Any) -> None:
    assert (
        timestamp(written) == parse_timestamp(written) == datetime(2026, 11, 30, 17, 20, tzinfo=UTC)
    )


def test_what_is_no_time_is_refused_as_botocore_refuses_it() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        timestamp("2026-13-30T17:20:00.000Z")


def test_listings_are_read_with_it() -> None:
    factory = session().get_component("response_parser_factory")
    parser = factory.create_parser("rest-xml")
    assert parser._timestamp_parser is timestamp
