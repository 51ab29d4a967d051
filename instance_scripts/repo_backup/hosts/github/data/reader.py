"""The data of repositories on GitHub: implements the interfaces in ``hosts.data``."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import quote

from backup_contract.documents.release_assets import assets_of
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentSites, Documents, Reading, Signature, Task
from repo_backup.hosts.github.accounts.reader import GitHubAccounts
from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.api.api_client import ApiClient
from repo_backup.hosts.github.api.graphql import GraphQL, graphql_url
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.attachments import GitHubAttachments
from repo_backup.hosts.github.data.pause import Pause
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.section_reader import SectionReader
from repo_backup.hosts.github.data.signature import Signatures
from repo_backup.net.http import Answer, Http
from repo_backup.runtime.retry import RetryPolicy


class GitHubData:
    """The data of repositories on GitHub: see ``hosts.data.AttachmentHost``.

    ``one_token``: the credentials are one token for all owners, not those of an App's
    installations.
    """

    def __init__(
        self,
        http: Http,
        api_url: str,
        retry_policy: RetryPolicy,
        allowance: Allowance,
        *,
        one_token: bool = True,
    ) -> None:
        self._allowance = allowance
        client = ApiClient(http, retry_policy, allowance)
        api_url = api_url.rstrip("/")
        refused: dict[str, str] = {}
        resumed = replace(client, is_resumed=True)
        self._rest = Rest(resumed, api_url)
        self._graphql = GraphQL(resumed, graphql_url(api_url), refused)
        self.accounts = GitHubAccounts(
            self._rest.for_purpose("accounts"),
            self._graphql.for_purpose("accounts"),
            one_token=one_token,
        )
        self._attachments = GitHubAttachments(client.for_purpose("attachments"), api_url)
        client = client.for_purpose("signatures")
        self._signatures = Signatures(
            Rest(client, api_url), GraphQL(client, graphql_url(api_url), refused), one_token
        )

    @property
    def requests(self) -> Mapping[str, int]:
        """The number of requests so far, by purpose: signatures, changes, rotation and others."""
        return dict(self._allowance.counted)

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Announce repositories whose signatures will be requested, in batches."""
        self._signatures.announce(remotes)

    def signature(self, remote: RemoteRepository) -> Signature:
        """The present signature of this repository's data.

        Raises RepositoryError if GitHub refuses or fails, and AbsentError if there is no data.
        """
        return self._signatures.of(remote)

    def read(self, remote: RemoteRepository, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        Raises InterruptedRunError, and RepositoryError if nothing at all can be read.
        """
        pause = Pause(task.pause_after_seconds, self._allowance.wait_seconds)
        data = RepositoryRead(self._rest, self._graphql, remote, task, documents, pause=pause)
        return SectionReader(data, self._signatures).read()

    def open_asset(
        self, remote: RemoteRepository, number: int, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The bytes of the release asset with this id. Raises RepositoryError."""
        return self._rest.asset(remote.owner, remote.name, number, headers)

    def asset_sizes(self, remote: RemoteRepository) -> list[int]:
        """The size in bytes of each asset of the first 1,000 releases. Raises RepositoryError."""
        path = f"/repos/{quote(remote.owner)}/{quote(remote.name)}/releases"
        pages = self._rest.pages(path, remote.owner)
        releases = (each for page in pages for each in page.items)
        return [each.size for release in releases for each in assets_of(release)]

    @property
    def attachment_sites(self) -> AttachmentSites:
        """Where attachments are."""
        return self._attachments.sites

    def open_attachment(
        self, remote: RemoteRepository, url: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The response for an attachment. Raises RepositoryError."""
        return self._attachments.open(remote, url, headers)

    def signed_images(self, remote: RemoteRepository, urls: Sequence[str]) -> Mapping[str, str]:
        """Addresses that open images without a token. Raises RepositoryError."""
        return self._attachments.signed(remote, urls)
