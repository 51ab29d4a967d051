"""GitHub's REST API: single objects, and lists whose ``Link`` header names the next page."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from urllib.parse import quote, urlencode

from backup_contract.link_header import links_of, numbered, page_number
from repo_backup.hosts.github.api.api_client import ApiClient, ApiResponse
from repo_backup.hosts.github.api.identity import is_identified
from repo_backup.hosts.github.api.page import Page
from repo_backup.hosts.github.api.whole_lists import CURSOR, whole_list
from repo_backup.net.http import Answer
from repo_backup.runtime.errors import RepositoryError

PER_PAGE = 100
_MOST_PAGES = 100_000


@dataclass(frozen=True)
class Rest:
    """The REST API at ``api_url``."""

    client: ApiClient
    api_url: str

    def for_purpose(self, purpose: str) -> "Rest":
        """The same API, with its requests counted under ``purpose``."""
        return Rest(self.client.for_purpose(purpose), self.api_url)

    def get(self, path: str, account: str) -> Any:
        """The document at a path below the API. Raises as ``ApiClient.json`` does."""
        return self._ask(self.api_url + path, account).document

    def pages(
        self,
        path: str,
        account: str,
        *,
        field: str = "",
        after: str | None = None,
        counted: int | None = None,
        accept: str = "",
        key: str = "",
        whole: bool = False,
        identify: Callable[[Any], Hashable] | None = None,
        **query: Any,
    ) -> Iterator[Page]:
        """The pages of a list, each requested only when the iterator gets there.

        ``field`` is the field of the list if the response is an object. ``after`` is the
        ``following`` of an earlier page, from which to continue. ``counted`` is GitHub's count of
        the items: so many items without a link to a next page are the whole list. ``accept`` is the
        media type, if not the usual one. ``key`` is the field that identifies an item; an item
        without it cannot be read. ``whole``: nothing else shows that items are missing, so the
        pages are read again until none can be: see ``whole_list``. Then ``identify`` returns what
        identifies an item, if that is not ``key``. Raises RepositoryError for a response that is
        not a list, and for a list without an end.
        """

        def once() -> Iterator[Page]:
            return self._pages(path, account, field, after, counted, accept, key, query)

        return whole_list(path, once, identify or itemgetter(key)) if whole else once()

    def _pages(
        self,
        path: str,
        account: str,
        field: str,
        after: str | None,
        counted: int | None,
        accept: str,
        key: str,
        query: Mapping[str, Any],
    ) -> Iterator[Page]:
        query = {"per_page": PER_PAGE, **query}
        first = f"{self.api_url}{path}?{urlencode(query)}"
        url: str | None = first
        if after:
            url = after if "://" in after else self.api_url + after
        asked: set[str] = set()
        linked = CURSOR in (after or "")
        while url:
            if url in asked or len(asked) >= _MOST_PAGES:
                raise RepositoryError(f"the list {path} has no end")
            asked.add(url)
            answered = self._ask(url, account, accept)
            links = links_of(answered.headers.get("Link", ""))
            following = links.get("next")
            items = _listed(answered.document, field, path)
            full = len(items) >= int(query["per_page"]) and len(items) != counted
            linked = linked or bool(links)
            if following is None and full and not linked:
                # A full page without links is the whole list, or a proxy removed the links.
                following = numbered(first, max(page_number(url), 1) + 1)
            yield self._page(answered, links, following, field, items, key)
            url = following

    def asset(
        self, owner: str, name: str, number: int, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The bytes of a release asset, after following GitHub's redirects.

        https://docs.github.com/rest/releases/assets#get-a-release-asset
        Raises as ``ApiClient.stream`` does.
        """
        path = f"/repos/{quote(owner)}/{quote(name)}/releases/assets/{number}"
        client = self.client.for_purpose("assets")
        return client.stream("core", self.api_url + path, owner, headers)

    def _page(
        self,
        answered: ApiResponse,
        links: Mapping[str, str],
        following: str | None,
        field: str,
        listed: list[Any],
        key: str,
    ) -> Page:
        total = answered.document.get("total_count") if field else None
        return Page(
            items=[item for item in listed if is_identified(item, key)],
            count=len(listed),
            following=following.removeprefix(self.api_url) if following else None,
            last=page_number(links.get("last", "")),
            total=total if type(total) is int and total >= 0 else None,
            headers=answered.headers,
        )

    def _ask(self, url: str, account: str, accept: str = "") -> ApiResponse:
        return self.client.json("core", url, account, accept=accept)


def _listed(document: Any, field: str, path: str) -> list[Any]:
    listed = document.get(field) if field and isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise RepositoryError(f"GitHub's response is not a list for {path}")
    return listed
