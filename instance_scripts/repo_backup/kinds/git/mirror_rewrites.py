"""Finds what upstream rewrote since the last archive of a chain that a manifest names."""

from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.text import one_line
from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment
from repo_backup.git.packs.pack_history import JoinedHistory
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.rewrites import RewriteRules, rewrites_by_history, rewrites_by_pack
from repo_backup.kinds.base import Resources
from repo_backup.kinds.git.known_chain import KnownChain
from repo_backup.kinds.git.mirror_chain import MirrorChain


def rewrites_of_increment(
    increment: Increment,
    objects: KnownChain,
    known: Advertisement,
    resources: Resources,
) -> Rewrites | None:
    """The rewrites, found by the parents of new and known commits, while ``objects`` is open."""
    history = JoinedHistory([increment.proof.history, objects.objects.history])
    return rewrites_by_history(history, _before(objects.chain), known, _rules(resources))


def rewrites_of_whole(
    mirror: Mirror, known: Advertisement, chain: MirrorChain, resources: Resources
) -> Rewrites | None:
    """The rewrites, found in a whole fetch."""
    before, rules = _before(chain), _rules(resources)
    return rewrites_by_pack(mirror, before, known, rules, resources.memory, resources.stop)


def switched_head(chain: MirrorChain, known: Advertisement) -> tuple[str, ...]:
    """The warning that HEAD points to another branch than in the archive before, if so."""
    before = _before(chain)
    if not (before.head and known.head and known.head_known) or before.head == known.head:
        return ()
    old, new = (one_line(each.removeprefix("refs/heads/")) for each in (before.head, known.head))
    return (f"the default branch is {new} now, it was {old}",)


def _before(chain: MirrorChain) -> Advertisement:
    """The refs of the last archive that a manifest names: a killed run reported no rewrites."""
    named = chain.stored.named
    if named >= chain.stored.links:
        return chain.ends_with
    return chain.zips[named].refs(chain.object_format)


def _rules(resources: Resources) -> RewriteRules:
    return RewriteRules(resources.run_id, resources.known_rewrites)
