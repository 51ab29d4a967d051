"""Saves the binaries that a data archive refers to: release assets and attachments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from backup_contract.documents.manifest import Unserved
from backup_contract.documents.parts.attached import Attached
from backup_contract.documents.parts.results import Referred
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Signature
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.assets import INCOMPLETE, Assets, AssetSaver
from repo_backup.kinds.data.attached.saving import AttachmentSaver, SavedAttachments
from repo_backup.kinds.data.documents import WorkingCopy

_NOTHING = Attached(0, 0, 0)


@dataclass(frozen=True)
class Binaries:
    """The binaries that the archive refers to.

    ``attached`` None: no text links to an attachment. ``objects`` None: nothing is known.
    ``unserved`` says what is missing. ``saved`` maps the SHA-256 (hex) of each saved object to its
    size in bytes.
    """

    attached: Attached | None = None
    objects: Referred | None = None
    unserved: Unserved | None = None
    saved: Mapping[str, int] = field(default_factory=dict)


def save_binaries(
    remote: RemoteRepository,
    resources: Resources,
    copy: WorkingCopy,
    signature: Signature,
    room: Path,
    now: datetime,
    *,
    again: bool,
    retry: bool,
) -> Binaries:
    """Save what is not saved yet: release assets first, then attachments.

    ``again``: also check that objects of earlier runs are still in the store. ``retry``: try some
    attachments again that GitHub refused. Raises FatalError, InterruptedRunError, and
    RepositoryError if a list cannot be read.
    """
    of_releases = resources
    if resources.stop.requested:  # there is no time for files
        of_releases = replace(resources, assets=replace(resources.assets, save=False))
    assets = AssetSaver(remote, of_releases, room).save(copy, signature, again=again)
    if resources.data is None:
        return _joined(assets, SavedAttachments(_NOTHING))
    saver = AttachmentSaver(remote, resources, resources.data, room, now)
    return _joined(assets, saver.save(copy, again=again, retry=retry))


def _joined(assets: Assets, attachments: SavedAttachments) -> Binaries:
    """The combined state of both. Pure."""
    objects, unserved = assets.objects, assets.unserved
    attached = attachments.attached if attachments.attached.count else None
    if attached:
        count, size = attached.saved, attached.saved_bytes
        before = objects or Referred(0, 0, 0, 0)
        objects = Referred(
            before.count + count,
            before.bytes + size,
            before.saved + count,
            before.saved_bytes + size,
        )
    if attachments.reason or attachments.warning:
        reasons = (unserved.reason if unserved else None, attachments.reason)
        warnings = (unserved.warning if unserved else None, attachments.warning)
        unserved = Unserved(INCOMPLETE, _sentence(reasons), _sentence(warnings))
    return Binaries(attached, objects, unserved, {**assets.saved, **attachments.saved})


def _sentence(parts: tuple[str | None, ...]) -> str | None:
    return "; ".join(filter(None, parts)) or None
