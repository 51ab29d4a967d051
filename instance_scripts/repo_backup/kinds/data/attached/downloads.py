"""Downloads attachments from GitHub to the store, some in parallel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backup_contract.documents.parts.attachments import Attachment
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentHost
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.attached.fetching import (
    AttachmentFetcher,
    LeftError,
    SignInError,
    TooLargeError,
    WaitError,
)
from repo_backup.kinds.data.attached.outcome import AttachmentOutcome, SavedFile
from repo_backup.kinds.outage import NotTriedError, Outage
from repo_backup.net.download import BrokenDownloadError
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import (
    AllowanceSpentError,
    InterruptedRunError,
    NotFoundError,
    RepositoryError,
    TransientError,
)
from repo_backup.store.objects import ObjectStore, StoredObject

AT_ONCE = 4
_AT_A_TIME = 20
"""The size of a batch. Signed URLs are requested for a batch at a time, as they are valid only for
some minutes."""
_MAY_BE_SIGNED = ("sign-in", "not-found", "refused")


@dataclass(frozen=True)
class _Stored:
    file: StoredObject
    suffix: str


@dataclass(frozen=True)
class _Refused:
    code: str


@dataclass(frozen=True)
class _Failed:
    reason: str


@dataclass(frozen=True)
class _Left:
    reason: str


_Result = _Stored | _Refused | _Failed | _Left


@dataclass(frozen=True)
class AttachmentDownloads:
    """Downloads attachments of one repository, and stores them as objects.

    ``waits`` has GitHub's message once it has asked to wait; nothing is downloaded after that.
    """

    remote: RemoteRepository
    resources: Resources
    host: AttachmentHost
    objects: ObjectStore
    room: Path
    outage: Outage = field(default_factory=Outage)
    waits: list[str] = field(default_factory=list)

    def lost(self, saved: Sequence[Attachment]) -> list[str]:
        """The URLs of those whose objects are no longer in the store."""

        def is_there(number: int) -> bool:
            try:
                return self.objects.has(saved[number].sha256 or "")
            except RepositoryError:
                return False

        there = at_once(is_there, len(saved), AT_ONCE)
        return [each.url for each, good in zip(saved, there, strict=True) if not good]

    def save(self, urls: Sequence[str], outcome: AttachmentOutcome) -> None:
        """Save the attachments at these URLs, and record each result. Raises FatalError."""
        for start in range(0, len(urls), _AT_A_TIME):
            batch = {url: url for url in urls[start : start + _AT_A_TIME]}
            found = self._save_batch(batch)
            if self.remote.private:
                refused = [url for url, each in found.items() if _may_be_signed(each)]
                found |= self._save_signed(refused)
            for url, each in found.items():
                _note(url, each, outcome)

    def _save_batch(self, addresses: Mapping[str, str]) -> dict[str, _Result]:
        pairs = [*addresses.items()]
        results = at_once(lambda number: self._save(pairs[number][1]), len(pairs), AT_ONCE)
        return {url: result for (url, _), result in zip(pairs, results, strict=True)}

    def _save_signed(self, refused: Sequence[str]) -> dict[str, _Result]:
        """Save the images among these, through the signed URLs in a page that GitHub renders."""
        if not refused or self.resources.stop.requested:
            return {}
        try:
            signed = self.host.signed_images(self.remote, refused)
        except (AllowanceSpentError, InterruptedRunError) as error:
            return dict.fromkeys(refused, _Left(str(error)))
        except TransientError as error:
            return dict.fromkeys(refused, _Failed(str(error)))
        except RepositoryError:
            return {}
        return self._save_batch(signed)

    def _save(self, address: str) -> _Result:
        """Save the file at one URL."""
        fetcher = AttachmentFetcher(self.remote, self.resources, self.host, self.room)
        if self.resources.stop.requested:
            return _Left(self.resources.stop.reason)
        if self.waits:
            return _Left(self.waits[0])
        try:
            with self.outage.download(), fetcher.fetch(address) as fetched:
                try:
                    return _Stored(self.objects.put_file(fetched.file), fetched.suffix)
                except RepositoryError as error:
                    return _Failed(str(error))
        except WaitError as error:
            self.waits.append(str(error))
            return _Left(str(error))
        except (LeftError, AllowanceSpentError, InterruptedRunError) as error:
            return _Left(str(error))
        except (BrokenDownloadError, NotTriedError) as error:
            return _Failed(str(error))
        except SignInError:
            return _Refused("sign-in")
        except TooLargeError:
            return _Refused("too-large")
        except NotFoundError:
            return _Refused("not-found")
        except RepositoryError:
            return _Refused("refused")
        except OSError as error:
            return _Failed(f"the temporary directory fails: {error.strerror}")


def _may_be_signed(result: _Result) -> bool:
    return isinstance(result, _Refused) and result.code in _MAY_BE_SIGNED


def _note(url: str, result: _Result, outcome: AttachmentOutcome) -> None:
    match result:
        case _Stored(file, suffix):
            outcome.saved[url] = SavedFile(file.sha256, file.bytes, suffix)
            outcome.false |= {file.sha256} if file.was_false else set()
        case _Refused(code):
            outcome.refused[url] = code
        case _Failed(reason):
            outcome.failed[url] = reason
        case _Left(reason):
            outcome.left[url] = reason
