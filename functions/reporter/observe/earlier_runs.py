"""What earlier reports left for this one: the last run to compare with, and what was accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Manifest
from reporter.judge.archive_state import Accepted, accepted_of
from reporter.observe.bucket import Bucket
from shared.aws.run_table import Reported, RunStore


@dataclass(frozen=True, slots=True)
class EarlierRuns:
    """``previous`` is the last run's manifest; ``accepted`` comes from the last accepted one."""

    reported: Reported = field(default_factory=Reported)
    previous: Manifest | None = None
    accepted: Mapping[str, Accepted] = field(default_factory=dict)


def read_earlier_runs(store: RunStore, bucket: Bucket) -> EarlierRuns:
    """Read both manifests, which mostly are one. Raises DamagedError and UnreadableError.

    Of the accepted one nothing is kept but what the check needs: there is memory for two.
    """
    reported, accepted = store.reported(), dict[str, Accepted]()
    if reported.accepted and reported.accepted != reported.run_id:
        other = bucket.manifest(reported.accepted)
        accepted = accepted_of(other) if other else {}
        del other
    previous = bucket.manifest(reported.run_id) if reported.run_id else None
    if previous and reported.accepted == reported.run_id:
        accepted = accepted_of(previous)
    return EarlierRuns(reported, previous, accepted)
