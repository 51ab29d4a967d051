"""Removes binaries in batches while the lease is held."""

from collections.abc import Sequence

from repo_backup.runtime.errors import FatalError, InterruptedRunError, RepositoryError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.prunable import BATCH_OBJECTS, ObjectRow, PrunableStore, Removal


def remove_objects(
    store: PrunableStore, rows: Sequence[ObjectRow], retry_policy: RetryPolicy
) -> tuple[Removal, ...]:
    """Remove the binaries. Returns the outcome of each; an error of the store is its reason.

    Raises InterruptedRunError before the next batch if a stop is requested or the lease is lost.
    """
    removals: list[Removal] = []
    for start in range(0, len(rows), BATCH_OBJECTS):
        if retry_policy.stop.requested:
            raise _interrupted(retry_policy.stop.reason, removals)
        batch = rows[start : start + BATCH_OBJECTS]
        try:
            removals += retry_policy.call(lambda: store.remove(batch))  # noqa: B023 - called at once
        except InterruptedRunError as error:
            raise _interrupted(str(error), removals) from error
        except RepositoryError as error:
            removals += (Removal(row, "refused", str(error)) for row in batch)
        except FatalError as error:
            return (*removals, *(Removal(row, "refused", str(error)) for row in rows[start:]))
    return tuple(removals)


def _interrupted(reason: str, removals: Sequence[Removal]) -> InterruptedRunError:
    gone = sum(each.state in ("hidden", "removed") for each in removals)
    return InterruptedRunError(f"{reason}; removed before that: {gone}")
