"""The interface of a store from which a person can remove binaries.

Only ``prune-objects`` uses it. The programs on instances and in functions do not include it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from repo_backup.store.base import Store

RemovalState = Literal["hidden", "removed", "changed", "refused"]
"""``hidden``: a delete marker hides it, and the version stays. ``removed``: it is gone for good.
``changed``: it was written again after the listing, and stays. ``refused``: the store refused."""
BATCH_OBJECTS = 1000
"""Per request: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """A listed binary; ``modified_at`` is by the store's clock (UTC)."""

    sha256: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class ObjectListing:
    """All binaries at a destination; ``now`` is the time by the store's clock (UTC)."""

    rows: tuple[ObjectRow, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """The outcome for one binary; ``reason`` says why it stays."""

    row: ObjectRow
    state: RemovalState
    reason: str = ""


class PrunableStore(Store, Protocol):
    """A store whose binaries can be removed. Its methods raise the same errors as a store's."""

    def binaries(self) -> ObjectListing:
        """The current version of each binary."""

    def kept_days(self) -> int | None:
        """For how many days the destination keeps replaced versions; None if no rule says so."""

    def keeps_versions(self) -> bool | None:
        """Whether a removed object stays as an earlier version; None if reading this is denied."""

    def locks(self, rows: Sequence[ObjectRow]) -> Mapping[str, str]:
        """By SHA-256, until when the store prevents removal, as text for people."""

    def remove(self, rows: Sequence[ObjectRow]) -> list[Removal]:
        """Remove at most ``BATCH_OBJECTS`` binaries. Those that changed since the listing stay."""
