"""What is published is what the attempt wrote, and the verdict."""

import json

import pytest

from reporter.publish.manifest import PUBLISHED, published


@pytest.mark.parametrize(
    "document",
    [b'{"a": {"b": [1]}}', b'{\n "a": {"b": [1]}\n}\n', b'\xef\xbb\xbf{"a": {"b": [1]} } \r\n'],
)
def test_the_document_keeps_its_fields_and_gets_the_verdict_and_where_it_is_from(
    document: bytes,
) -> None:
    damaged = ["github_backups/octo/hello+000000000000.json"]
    copied = ["github_backups/octo/world+000000000000.json"]
    values = ("verified", "runs/r/attempts/A:i-1/evidence.json", "00", damaged, copied)
    found = published(document, *values)
    expected = {"a": {"b": [1]}, **dict(zip(PUBLISHED, values, strict=True))}
    assert json.loads(found.decode("utf-8-sig")) == expected
    assert published(document, *values) == found
