"""Suspicions that are open: what earlier reports noted and what this run found."""

from collections.abc import Iterable
from dataclasses import dataclass

from backup_contract.documents.suspicion import Suspicion, still_open
from reporter.boundary import Failed, tried
from reporter.observe.bucket import Bucket
from shared.aws.run_table import RunStore


@dataclass(frozen=True, slots=True)
class Suspicions:
    """``noted`` is what the report before wrote down, ``open`` what this one is to write."""

    noted: tuple[Suspicion, ...] = ()
    open: tuple[Suspicion, ...] = ()


def open_suspicions(store: RunStore, bucket: Bucket, found: Iterable[Suspicion]) -> Suspicions:
    """What nobody has acknowledged. Raises DamagedItemError.

    While it cannot be read what was acknowledged, nothing is; AWS's passing troubles are raised.
    """
    noted = store.suspicions()
    every = (*noted, *found)
    acknowledged = tried(bucket.acknowledged) if every else frozenset[str]()
    if isinstance(acknowledged, Failed):
        if acknowledged.passing:
            raise acknowledged.error
        acknowledged = frozenset()
    return Suspicions(noted, still_open(every, acknowledged))
