"""One request to GitHub's API and its response: a JSON document, or a page of a list."""

import contextlib
import json
from datetime import datetime
from typing import Any

from backup_contract.documents.fields import LIMIT
from backup_contract.documents.manifest import iso
from backup_contract.link_header import links_of
from repo_backup.hosts.github.api.api_client import ApiResponse
from repo_backup.hosts.github.paging import Page
from repo_backup.net.http import Http
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.runtime.retry import RetryPolicy

_PAGE_BYTES = 32 << 20


class ListingApi:
    """The API's requests for listings. Responses also show when the token expires.

    ``is_app``: the tokens are a GitHub App's, which expire within the hour and are renewed.
    """

    def __init__(self, http: Http, retry_policy: RetryPolicy, *, is_app: bool) -> None:
        self._http = http
        self._retry_policy = retry_policy
        self._is_app = is_app
        self.token_expires_at: str | None = None

    def page(self, url: str, account: str, hidden: list[str]) -> Page:
        """One page of a list. Adds to ``hidden`` what single sign-on hides from the token."""
        answer = self.get(url, account)
        document: Any = answer.document
        total = document.get("total_count") if isinstance(document, dict) else None
        document = document.get("repositories") if isinstance(document, dict) else document
        if not isinstance(document, list):
            raise RepositoryError("GitHub's response is not a list")
        if without := answer.headers.get("X-GitHub-SSO"):
            hidden.append(without)
        links = links_of(answer.headers.get("Link", ""))
        counted = total if type(total) is int and 0 <= total < LIMIT else None
        return Page(document, links, counted)

    def get(self, url: str, account: str = "") -> ApiResponse:
        """The JSON document at ``url``, with retries."""

        def get() -> ApiResponse:
            self._retry_policy.stop.sleep(0)
            headers = {"Accept": "application/vnd.github+json"}
            with self._http.open("GET", url, "Bearer", headers, account=account) as answer:
                if not self._is_app:
                    expiry = answer.headers.get("GitHub-Authentication-Token-Expiration")
                    self.token_expires_at = _expiry(expiry) or self.token_expires_at
                body = answer.whole(_PAGE_BYTES)
                try:
                    return ApiResponse(json.loads(body), answer.headers)
                except (ValueError, RecursionError) as error:
                    raise TransientError("GitHub's response is not JSON") from error

        return self._retry_policy.call(get)


def _expiry(text: str | None) -> str | None:
    """GitHub's ``2026-12-20 17:00:00 UTC`` or ``… -0500`` in ISO 8601; None for anything else."""
    with contextlib.suppress(ValueError, OverflowError):
        return iso(datetime.strptime((text or "").replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z"))
    return None
