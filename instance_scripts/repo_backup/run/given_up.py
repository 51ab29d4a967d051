"""What ``--full`` gives up where the destination keeps one version of each archive."""

from backup_contract.documents.manifest import Entry
from repo_backup.run.previous_runs import History
from repo_backup.runtime.errors import UsageError, said
from repo_backup.store.base import Store

_NAMED = 5


def check_given_up(store: Store, history: History, run_id: str) -> None:
    """Raise UsageError that names the runs that could not be restored after a full one.

    A new base takes the place of the old one, and with it the overlays over that lead nowhere.
    """
    if store.capabilities.versions or not any(map(_has_overlays, history.entries.values())):
        return
    earlier = [each for each in store.run_ids() if each != run_id][1:]
    if earlier:
        raise UsageError(objection(earlier))


def objection(runs: list[str]) -> str:
    """The sentence that names them, the latest first. Pure."""
    more = f" and {len(runs) - _NAMED} earlier ones" if len(runs) > _NAMED else ""
    return (
        "--full replaces archives, and this destination keeps no versions of them: of what has "
        f"overlays, {', '.join(map(said, runs[:_NAMED]))}{more} could not be restored any more. "
        "Leave --full out, or give them up with --force"
    )


def _has_overlays(entry: Entry) -> bool:
    return any(result.chain for result in entry.results.values())
