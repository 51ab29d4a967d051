"""What upstream rewrote since the last archive of a chain that a manifest names."""

from backup_contract.documents.parts.rewrites import Rewrites
from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment
from repo_backup.git.packs.pack_history import JoinedHistory
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.rewrites import Alarm, rewrites_by_history, rewrites_by_pack
from repo_backup.kinds.base import Resources
from repo_backup.kinds.known_chain import KnownChain
from repo_backup.kinds.mirror_chain import MirrorChain
from repo_backup.runtime.errors import said


def rewrites_of_increment(
    increment: Increment,
    objects: KnownChain,
    known: Advertisement,
    resources: Resources,
) -> Rewrites | None:
    """By the parents of new and of known commits, while ``objects`` is open."""
    history = JoinedHistory([increment.proof.history, objects.objects.history])
    return rewrites_by_history(history, _before(objects.chain), known, _alarm(resources))


def rewrites_of_whole(
    mirror: Mirror, known: Advertisement, chain: MirrorChain, resources: Resources
) -> Rewrites | None:
    """By everything that there is now."""
    before, alarm = _before(chain), _alarm(resources)
    return rewrites_by_pack(mirror, before, known, alarm, resources.memory, resources.stop)


def switched_head(chain: MirrorChain, known: Advertisement) -> tuple[str, ...]:
    """The warning that HEAD points to another branch than in the archive before, if it does."""
    before = _before(chain)
    if not (before.head and known.head and known.head_told) or before.head == known.head:
        return ()
    old, new = (said(each.removeprefix("refs/heads/")) for each in (before.head, known.head))
    return (f"the default branch is {new} now, it was {old}",)


def _before(chain: MirrorChain) -> Advertisement:
    """The refs that nobody was told of the rewriting of: a killed run told nobody of its own."""
    named = chain.stored.named
    if named >= chain.stored.links:
        return chain.ends_with
    return chain.zips[named].refs(chain.object_format)


def _alarm(resources: Resources) -> Alarm:
    return Alarm(resources.run_id, resources.known_rewrites)
