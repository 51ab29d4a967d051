"""Reads the open suspicions: those of earlier reports and of this run."""

from collections.abc import Iterable
from dataclasses import dataclass

from backup_contract.documents.suspicion import Suspicion, still_open
from reporter.boundary import Failed, tried
from reporter.observe.bucket import Bucket
from shared.aws.run_table import RunStore


@dataclass(frozen=True, slots=True)
class Suspicions:
    """``noted`` are the suspicions in the previous report, ``open`` those for this one."""

    noted: tuple[Suspicion, ...] = ()
    open: tuple[Suspicion, ...] = ()


def open_suspicions(store: RunStore, bucket: Bucket, found: Iterable[Suspicion]) -> Suspicions:
    """The suspicions that nobody has acknowledged. Raises DamagedItemError.

    If the acknowledgements cannot be read, none counts. Temporary errors of AWS are raised.
    """
    noted = store.suspicions()
    every = (*noted, *found)
    acknowledged = tried(bucket.acknowledged) if every else frozenset[str]()
    if isinstance(acknowledged, Failed):
        if acknowledged.is_temporary:
            raise acknowledged.error
        acknowledged = frozenset()
    return Suspicions(noted, still_open(every, acknowledged))
