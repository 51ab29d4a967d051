"""Attachments on GitHub: the files that people attach to texts, which no API lists or serves.

https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/attaching-files
has the URLs. Whether a token opens an attachment of a private repository is not documented; reports
contradict each other. So several ways are tried, and none is relied on.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentSites
from repo_backup.hosts.github.addresses import git_url
from repo_backup.hosts.github.api.api_client import ApiClient
from repo_backup.net.http import Answer
from repo_backup.net.origins import same_origin

_PUBLIC_WEB = "github.com"
_PUBLIC_IMAGES, _SIGNED_IMAGES = (
    "user-images.githubusercontent.com",
    "private-user-images.githubusercontent.com",
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_QUOTED_URL = re.compile(r"""["'](https?://[^"'<>\s]{1,4000})["']""")


@dataclass(frozen=True)
class GitHubAttachments:
    """The attachments of the GitHub whose API is at ``api_url``."""

    asking: ApiClient
    api_url: str

    @property
    def sites(self) -> AttachmentSites:
        """The site itself, and for github.com the two servers of images."""
        web = git_url(self.api_url)
        is_public = urlsplit(web).netloc.lower() == _PUBLIC_WEB
        return AttachmentSites(web, (_PUBLIC_IMAGES, _SIGNED_IMAGES) if is_public else ())

    def open(
        self, remote: RemoteRepository, url: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The response for an attachment, or for one of ``signed``. Raises RepositoryError.

        The token goes to the site alone, only for a private repository, and never with a signed
        address. No redirect takes it on.
        """
        there = address_of(url, self.sites)
        return self.asking.http.open(
            "GET",
            there,
            "Bearer" if takes_token(remote, there, self.sites) else None,
            headers,
            account=remote.owner,
            to_storage=True,
            # GitHub's limits of the API and git are not those of its web site.
            own_limit=True,
        )

    def signed(self, remote: RemoteRepository, urls: Sequence[str]) -> Mapping[str, str]:
        """The signed addresses of images, from Markdown that GitHub renders: one request.

        https://docs.github.com/rest/markdown/markdown#render-a-markdown-document
        Raises as ``ApiClient.text`` does.
        """
        images = [url for url in urls if _ID.search(url)]
        if not images:
            return {}
        text = "\n\n".join(f"![]({address_of(url, self.sites)})" for url in images)
        asked = json.dumps({"text": text, "mode": "gfm", "context": remote.full_name})
        page = self.asking.text("core", f"{self.api_url}/markdown", remote.owner, asked.encode())
        return signed_in(page, images, self.sites)


def address_of(url: str, sites: AttachmentSites) -> str:
    """Where to ask for an attachment. Pure.

    An address that was signed once is the site's by its id:
    ``https://private-user-images…/1/2-ID.png`` is ``https://github.com/user-attachments/assets/ID``.
    """
    parts = urlsplit(url)
    found = _ID.search(parts.path)
    if parts.netloc == _SIGNED_IMAGES and not parts.query and found:
        return f"{sites.web}/user-attachments/assets/{found[0]}"
    return url


def takes_token(remote: RemoteRepository, address: str, sites: AttachmentSites) -> bool:
    """Whether a request has the token: at the site alone, only for what is private, and never
    with a signature. Pure."""
    return remote.private and same_origin(address, sites.web) and not urlsplit(address).query


def signed_in(page: str, urls: Sequence[str], sites: AttachmentSites) -> dict[str, str]:
    """By URL, the signed addresses by which a page shows these images. Pure."""
    by_id = {found[0].lower(): url for url in urls if (found := _ID.search(url))}
    signed: dict[str, str] = {}
    for quoted in _QUOTED_URL.finditer(page):
        address = html.unescape(quoted[1])
        found = _ID.search(address.partition("?")[0].rpartition("/")[2])
        url = by_id.get(found[0].lower()) if found else None
        if url and _is_signed(address, sites):
            signed.setdefault(url, address)
    return signed


def _is_signed(address: str, sites: AttachmentSites) -> bool:
    """Whether an address in a page is an image of GitHub's that a signature opens."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not parts.query:
        return False
    at_images = parts.scheme == "https" and parts.netloc in sites.images
    return at_images or same_origin(address, sites.web)
