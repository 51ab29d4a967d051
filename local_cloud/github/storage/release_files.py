"""The storage of release assets, at another host than the API. No token may be sent there."""

import re
from collections.abc import Mapping
from email.message import Message
from urllib.parse import parse_qs, urlsplit

from local_cloud.github.answer import Answer
from local_cloud.github.data.account import AccountData

STORAGE = "/release-files/"
_RANGE = re.compile(r"bytes=([0-9]+)-")
_SIGNATURE = "of-this-file"


def address(base: str, number: int) -> str:
    """The address to which the API at ``base`` redirects a download of this file."""
    parts = urlsplit(base)
    return f"{parts.scheme}://localhost:{parts.port}{STORAGE}{number}?sig={_SIGNATURE}"


def answer(
    account: AccountData, path: str, query: str, headers: Message | Mapping[str, str]
) -> Answer:
    """Answer a GET of the storage, which requires a signature and refuses other credentials."""
    if "Authorization" in headers:
        return Answer(400, b"Only one auth mechanism allowed")
    if parse_qs(query).get("sig") != [_SIGNATURE]:
        return Answer(403, b"Signature not valid")
    releases = (each for data in account.repositories.values() for each in data.releases)
    contents = {str(each.id): each.contents for found in releases for each in found.assets}
    found = contents.get(path.removeprefix(STORAGE))
    if found is None:
        return Answer(404, b"NoSuchKey")
    if asked := _RANGE.fullmatch(headers.get("Range") or ""):
        start = int(asked[1])
        reported = {"Content-Range": f"bytes {start}-{len(found) - 1}/{len(found)}"}
        return Answer(206, found[start:], reported)
    return Answer(200, found, {"Content-Type": "application/octet-stream"})
