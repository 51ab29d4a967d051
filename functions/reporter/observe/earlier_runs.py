"""Reads what this report needs of earlier runs: the previous manifest, and the accepted objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Manifest
from reporter.judge.archive_state import Accepted, accepted_of
from reporter.observe.bucket import Bucket
from shared.aws.run_table import Reported, RunStore


@dataclass(frozen=True, slots=True)
class EarlierRuns:
    """``previous`` is the previous run's manifest; ``accepted`` comes from the last accepted
    one."""

    reported: Reported = field(default_factory=Reported)
    previous: Manifest | None = None
    accepted: Mapping[str, Accepted] = field(default_factory=dict)


def read_earlier_runs(store: RunStore, bucket: Bucket) -> EarlierRuns:
    """Read both manifests, which are usually the same. Raises DamagedError and UnreadableError.

    Only what the check needs is kept of the accepted one, because memory is enough for two.
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
