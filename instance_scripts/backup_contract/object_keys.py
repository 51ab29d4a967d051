"""The keys of all objects at a destination. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from backup_contract.kinds import GIT, KINDS

ARCHIVES = "github_backups/"
OBJECTS = "objects/sha256/"
RUNS = "runs/"
ACKNOWLEDGED = "admin/acknowledged/"
CHECKED_OBJECTS = "admin/checked_objects.json"
"""The versions of binaries that the reporter has checked. No other role may write there."""
LOCK = "runs/lock.json"
_DAMAGE_NOTE = "damaged.json"
_ZIP = ".zip"
MOST_LINKS = 9999
"""The longest chain. Overlays are numbered with four digits, so that their names sort in order."""
_CHAIN_DIGITS = 12
_CHAIN_DOCUMENT = re.compile(r"\+[0-9a-f]{12}\.json\Z")
_OBJECT_LIST = re.compile(r"(?P<base>[^+]*)\+(?P<chain>[0-9a-f]{12})\.objects\.json")
_OBJECT = re.compile(
    rf"{OBJECTS}(?P<a>[0-9a-f]{{2}})/(?P<b>[0-9a-f]{{2}})/(?P<all>(?P=a)(?P=b)[0-9a-f]{{60}})"
)
_OVERLAY = re.compile(r"(?P<base>[^+]+)\+(?P<chain>[0-9a-f]{12})\.(?P<number>[0-9]{4})\.zip")


def archive(owner: str, name: str, kind: str = GIT, *, repository_id: int | None = None) -> str:
    """The key of the archive of one kind of a repository, an account or a gist.

    An account's data has no ``name``. ``repository_id`` is given if the usual key belongs to
    another repository. GitHub allows no ``~`` in a name, so such a key is never used otherwise.
    """
    own = "" if repository_id is None else f"~{repository_id}"
    return f"{ARCHIVES}{owner}/{name}{own}{KINDS[kind].key_suffix}{_ZIP}"


def named_by(key: str) -> tuple[str, str]:
    """``owner/name`` in an archive's key, and the kind that the key suggests.

    A repository may have the name ``x.wiki``: only a manifest tells which item it is.
    """
    name = key.removeprefix(ARCHIVES).removesuffix(_ZIP)
    for kind in KINDS.values():
        if kind.key_suffix and name.endswith(kind.key_suffix):
            return name.removesuffix(kind.key_suffix).rstrip("/"), kind.name
    return name, GIT


class OverlayKey(NamedTuple):
    """The parts of an overlay's key: the base archive's key, the chain's id, the number from 1."""

    base: str
    chain: str
    number: int


class ObjectListKey(NamedTuple):
    """The parts of the key of a list of objects: the base archive's key and the chain's id."""

    base: str
    chain: str


def chain_id(sha256: str) -> str:
    """The id of the chain of overlays over the base archive with this SHA-256 (hex)."""
    return sha256[:_CHAIN_DIGITS]


def overlay_prefix(base: str, chain: str) -> str:
    """The prefix of the keys of a chain's overlays and documents."""
    return f"{base.removesuffix(_ZIP)}+{chain}."


def overlay(base: str, chain: str, number: int) -> str:
    """The key of an overlay. GitHub allows no ``+`` in a name."""
    return f"{overlay_prefix(base, chain)}{number:04}{_ZIP}"


def chain_document(base: str, chain: str) -> str:
    """The key of the document that lists the overlays of an archive."""
    return f"{overlay_prefix(base, chain)}json"


def object_list(base: str, chain: str) -> str:
    """The key of the list of the binaries that an archive and its overlays refer to."""
    return f"{overlay_prefix(base, chain)}objects.json"


def overlays_of(base: str) -> str:
    """A shell pattern for all overlays of an archive, of earlier chains too, and their lists."""
    return f"{base.removesuffix(_ZIP)}+*"


def overlay_key(key: str) -> OverlayKey | None:
    """The parts of an overlay's key; None if it is not one."""
    found = _OVERLAY.fullmatch(key)
    if found is None or not int(found["number"]):
        return None
    return OverlayKey(f"{found['base']}{_ZIP}", found["chain"], int(found["number"]))


def object_list_key(key: str) -> ObjectListKey | None:
    """The parts of the key, or name, of a list of objects; None if it is not one."""
    found = _OBJECT_LIST.fullmatch(key)
    return ObjectListKey(f"{found['base']}{_ZIP}", found["chain"]) if found else None


def content(sha256: str) -> str:
    """The key of the binary with this SHA-256 (hex)."""
    return f"{OBJECTS}{sha256[:2]}/{sha256[2:4]}/{sha256}"


def content_sha256(key: str) -> str | None:
    """The SHA-256 (hex) in a binary's key; None if it is not one."""
    found = _OBJECT.fullmatch(key)
    return found["all"] if found else None


def is_archive(key: str) -> bool:
    """Whether a key below ``ARCHIVES`` is that of a base archive, not of an overlay."""
    return key.endswith(_ZIP) and "+" not in key.rpartition("/")[2]


def is_chain_document(name: str) -> bool:
    """Whether this name, or key, is that of a list of overlays."""
    return _CHAIN_DOCUMENT.search(name) is not None


def as_put(key: str) -> str:
    """The original key of an overlay or a list, if a server lists its ``+`` as a space.

    GitHub allows no space in a name. Other keys are returned unchanged.
    """
    folder, slash, name = key.rpartition("/")
    if " " not in name:
        return key
    plus = f"{folder}{slash}{name.replace(' ', '+')}"
    ours = overlay_key(plus) or is_chain_document(plus) or object_list_key(plus)
    return plus if ours else key


def owner_of(key: str) -> str:
    """The owner in an archive's key, in lower case."""
    return key.removeprefix(ARCHIVES).partition("/")[0].lower()


def archives_of(owner: str) -> str:
    """The prefix of an owner's archives."""
    return f"{ARCHIVES}{owner}/"


def damage_note(archive_key: str) -> str:
    """The key of the document in which ``verify`` records damaged archives of the same folder."""
    return f"{archive_key.rpartition('/')[0]}/{_DAMAGE_NOTE}"


def is_damage_note(key: str) -> bool:
    """Whether a key below ``ARCHIVES`` is that of such a document."""
    return key.rpartition("/")[2] == _DAMAGE_NOTE


def manifest(run_id: str) -> str:
    """The key of a run's manifest. Without a reporter, the program itself writes it there."""
    return f"{RUNS}{run_id}/manifest.json"


def progress(run_id: str) -> str:
    """The key of the progress of a run without a launcher."""
    return f"{RUNS}{run_id}/progress.json"


def report(run_id: str) -> str:
    """The key of the reporter's report on a run."""
    return f"{RUNS}{run_id}/report.json"


def launch_record(run_id: str) -> str:
    """The key of the record of a run's launches."""
    return f"{RUNS}{run_id}/launch.json"


def acknowledgement(run_id: str) -> str:
    """The key of a person's acknowledgement of the suspicions of a run and earlier ones.

    No role of the stack may write there.
    """
    return f"{ACKNOWLEDGED}{run_id}.json"


def acknowledged(keys: Iterable[str]) -> frozenset[str]:
    """The ids of the acknowledged runs, from the keys below ``ACKNOWLEDGED``."""
    return frozenset(
        key.removeprefix(ACKNOWLEDGED).removesuffix(".json")
        for key in keys
        if key.startswith(ACKNOWLEDGED) and key.endswith(".json")
    )


def program(sha256: str) -> str:
    """The key of the instances' program whose zip has this SHA-256 (hex)."""
    return f"admin/init_scripts/repo_backup-{sha256}.zip"


def markers_from(moment: datetime) -> str:
    """A key that sorts just before the date markers of this UTC minute and later ones."""
    return marker(moment).removesuffix(".txt")


def marker(completed_at: datetime) -> str:
    """The key of the date marker of a run that completed at this time (UTC)."""
    return f"{ARCHIVES}{completed_at:%Y-%m-%d-%H-%M}.txt"
