"""Attachments, as unkindly as GitHub's site hands them out: no API, pages to sign in, 404.

What a real account's tokens get is not documented. The stand-in does what people report: a public
file redirects to a storage by a short-lived signature; one of a private repository is 404 for a
fine-grained or an App's token and a redirect to the sign-in without one. Markdown that the API
renders shows an image by a signed address, which takes no other credentials.
"""

import html
import json
import re
from collections.abc import Mapping
from email.message import Message
from urllib.parse import parse_qs

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Catalogue
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.model import Attachment
from local_cloud.github.data.rest.access import Caller

STORAGE, SIGNED_IMAGES, SIGN_IN = "/attachment-files/", "/private-user-images/", "/login"
_SIGNATURE = "for-some-minutes"
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
_PAGE = b"<!DOCTYPE html><html><title>Sign in to GitHub</title></html>"
_HTML = {"Content-Type": "text/html; charset=utf-8"}


def is_of_attachments(account: AccountData, path: str) -> bool:
    """Whether this path belongs to the site or a storage, not to the API."""
    return (
        path in account.attachments
        or path == SIGN_IN
        or path.startswith(("/user-attachments/", STORAGE, SIGNED_IMAGES))
    )


def answer(
    account: AccountData,
    catalogue: Catalogue,
    path: str,
    query: str,
    headers: Message | Mapping[str, str],
    caller: Caller,
    storage: str,
) -> Answer:
    """Answer a GET of the site or of its storages; ``storage`` is the base URL of these."""
    if path == SIGN_IN:
        return Answer(200, _PAGE, _HTML)
    for prefix, name in ((STORAGE, "sig"), (SIGNED_IMAGES, "jwt")):
        if path.startswith(prefix):
            return _from_storage(account, path.removeprefix(prefix), query, headers, name)
    found = account.attachments.get(path)
    if found is None:
        return Answer(404, _PAGE, _HTML)
    if found.repository and not _may_have(found, catalogue, caller):
        if caller.token:
            return Answer(404, _PAGE, _HTML)
        return Answer(302, b"", {"Location": f"{SIGN_IN}?return_to={path}"})
    if found.is_page:
        return Answer(200, _PAGE, _HTML)
    there = f"{storage}{STORAGE}{found.id}?sig={_SIGNATURE}"
    return Answer(302, b"", {"Location": there})


def rendered(
    account: AccountData, catalogue: Catalogue, base: str, body: bytes, caller: Caller
) -> Answer:
    """Answer ``POST /markdown``: images that the caller's user may see have signed addresses.

    https://docs.github.com/rest/markdown/markdown#render-a-markdown-document
    """
    asked = json.loads(body or b"{}")
    if not isinstance(asked.get("text"), str):
        return Answer(400, b'{"message": "Problems parsing JSON"}')
    found = []
    for url in _IMAGE.findall(asked["text"]):
        image = account.attachments.get(url.removeprefix(base))
        address = url
        if image and image.is_image and _sees(image, catalogue, caller):
            last = f"{image.id}-{image.path.rpartition('/')[2]}.png"
            address = f"{base}{SIGNED_IMAGES}1/{last}?jwt={_SIGNATURE}&v=1"
        found.append(f'<p><img src="{html.escape(address)}" alt=""></p>')
    return Answer(200, "\n".join(found).encode(), _HTML)


def _from_storage(
    account: AccountData, name: str, query: str, headers: Message | Mapping[str, str], sign: str
) -> Answer:
    if "Authorization" in headers:
        return Answer(400, b"Only one auth mechanism allowed")
    if parse_qs(query).get(sign) != [_SIGNATURE]:
        return Answer(404, b"Not Found")
    number = name.rpartition("/")[2].partition("-")[0]
    found = next((each for each in account.attachments.values() if str(each.id) == number), None)
    if found is None:
        return Answer(404, b"NoSuchKey")
    return Answer(200, found.contents, {"Content-Type": found.media_type})


def _sees(found: Attachment, catalogue: Catalogue, caller: Caller) -> bool:
    repository = next(
        (each for each in catalogue.repositories.values() if each.id == found.repository), None
    )
    return repository is not None and caller.sees(catalogue, repository)


def _may_have(found: Attachment, catalogue: Catalogue, caller: Caller) -> bool:
    """Only a classic token may fetch private files."""
    is_classic = caller.rights.scopes is not None and caller.installation is None
    return bool(caller.token) and is_classic and _sees(found, catalogue, caller)
