"""Every key below a destination, once."""

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
"""Which versions of binaries the reporter found right; no other role may write there."""
LOCK = "runs/lock.json"
_DAMAGE_NOTE = "damaged.json"
_ZIP = ".zip"
MOST_LINKS = 9999
"""Of a chain: its overlays are numbered with four digits, so that names sort as they follow."""
_CHAIN_DIGITS = 12
_CHAIN_DOCUMENT = re.compile(r"\+[0-9a-f]{12}\.json\Z")
_OBJECT_LIST = re.compile(r"(?P<base>[^+]*)\+(?P<chain>[0-9a-f]{12})\.objects\.json")
_OBJECT = re.compile(
    rf"{OBJECTS}(?P<a>[0-9a-f]{{2}})/(?P<b>[0-9a-f]{{2}})/(?P<all>(?P=a)(?P=b)[0-9a-f]{{60}})"
)
_OVERLAY = re.compile(r"(?P<base>[^+]+)\+(?P<chain>[0-9a-f]{12})\.(?P<number>[0-9]{4})\.zip")


def archive(owner: str, name: str, kind: str = GIT, *, repository_id: int | None = None) -> str:
    """Where the zip of what a repository has of this kind lies.

    An account's own data has no ``name``. With ``repository_id``: where it lies if the usual key is
    another repository's. GitHub gives no name with a ``~``, so that nothing else can be there.
    """
    own = "" if repository_id is None else f"~{repository_id}"
    return f"{ARCHIVES}{owner}/{name}{own}{KINDS[kind].key_suffix}{_ZIP}"


def named_by(key: str) -> tuple[str, str]:
    """``owner/name`` by an archive's key, and the kind that it looks like.

    A repository may be called ``x.wiki``: only a manifest tells whose the archive is.
    """
    name = key.removeprefix(ARCHIVES).removesuffix(_ZIP)
    for kind in KINDS.values():
        if kind.key_suffix and name.endswith(kind.key_suffix):
            return name.removesuffix(kind.key_suffix).rstrip("/"), kind.name
    return name, GIT


class OverlayKey(NamedTuple):
    """Which overlay a key is: of which base archive, and the how many-th, from 1 on."""

    base: str
    chain: str
    number: int


class ObjectListKey(NamedTuple):
    """Of which base archive's chain a key holds the list of objects."""

    base: str
    chain: str


def chain_id(sha256: str) -> str:
    """The name of the chain of overlays over the base whose zip has this SHA-256 (hex)."""
    return sha256[:_CHAIN_DIGITS]


def overlay_prefix(base: str, chain: str) -> str:
    """What the keys of a chain's overlays, and of its document, begin with."""
    return f"{base.removesuffix(_ZIP)}+{chain}."


def overlay(base: str, chain: str, number: int) -> str:
    """Where an overlay over an archive lies. GitHub gives no name with a ``+``."""
    return f"{overlay_prefix(base, chain)}{number:04}{_ZIP}"


def chain_document(base: str, chain: str) -> str:
    """Where the overlays of an archive are listed."""
    return f"{overlay_prefix(base, chain)}json"


def object_list(base: str, chain: str) -> str:
    """Where the binaries are listed that an archive and its overlays refer to."""
    return f"{overlay_prefix(base, chain)}objects.json"


def overlays_of(base: str) -> str:
    """A shell pattern of all overlays ever laid over an archive, and of all lists beside them."""
    return f"{base.removesuffix(_ZIP)}+*"


def overlay_key(key: str) -> OverlayKey | None:
    """Which overlay a key is; None if it is another object's."""
    found = _OVERLAY.fullmatch(key)
    if found is None or not int(found["number"]):
        return None
    return OverlayKey(f"{found['base']}{_ZIP}", found["chain"], int(found["number"]))


def object_list_key(key: str) -> ObjectListKey | None:
    """Which list of objects a key, or a name, is; None if it is another object's."""
    found = _OBJECT_LIST.fullmatch(key)
    return ObjectListKey(f"{found['base']}{_ZIP}", found["chain"]) if found else None


def content(sha256: str) -> str:
    """Where the binary with this SHA-256 (hex) lies, whatever it belongs to."""
    return f"{OBJECTS}{sha256[:2]}/{sha256[2:4]}/{sha256}"


def content_sha256(key: str) -> str | None:
    """The SHA-256 (hex) of what must lie under a key; None if it is no binary's key."""
    found = _OBJECT.fullmatch(key)
    return found["all"] if found else None


def is_archive(key: str) -> bool:
    """Whether a key below ``ARCHIVES`` is that of a base archive, and not of an overlay."""
    return key.endswith(_ZIP) and "+" not in key.rpartition("/")[2]


def is_chain_document(name: str) -> bool:
    """Whether an object of this name, or key, lists the overlays of an archive."""
    return _CHAIN_DOCUMENT.search(name) is not None


def as_put(key: str) -> str:
    """The key of an overlay, or of a list beside it, whose ``+`` a server lists as a blank.

    GitHub gives no name with a blank; other keys stay as they are.
    """
    folder, slash, name = key.rpartition("/")
    if " " not in name:
        return key
    plus = f"{folder}{slash}{name.replace(' ', '+')}"
    ours = overlay_key(plus) or is_chain_document(plus) or object_list_key(plus)
    return plus if ours else key


def owner_of(key: str) -> str:
    """In whose folder an archive lies, in lower case."""
    return key.removeprefix(ARCHIVES).partition("/")[0].lower()


def archives_of(owner: str) -> str:
    """The prefix of an owner's archives."""
    return f"{ARCHIVES}{owner}/"


def damage_note(archive_key: str) -> str:
    """Where ``verify`` notes that an archive is damaged: beside it, where a listing shows it."""
    return f"{archive_key.rpartition('/')[0]}/{_DAMAGE_NOTE}"


def is_damage_note(key: str) -> bool:
    """Whether a key below ``ARCHIVES`` is that of such a note."""
    return key.rpartition("/")[2] == _DAMAGE_NOTE


def manifest(run_id: str) -> str:
    """Where a run's manifest is published, or written where there is no reporter."""
    return f"{RUNS}{run_id}/manifest.json"


def progress(run_id: str) -> str:
    """Where a run without a launcher says how far it is."""
    return f"{RUNS}{run_id}/progress.json"


def report(run_id: str) -> str:
    """Where the reporter writes its verdict, if there is a reporter."""
    return f"{RUNS}{run_id}/report.json"


def launch_record(run_id: str) -> str:
    """How the run's latest attempt was launched, and which instances all of them got."""
    return f"{RUNS}{run_id}/launch.json"


def acknowledgement(run_id: str) -> str:
    """Where a person says that what a run and those before it found is as intended.

    No role of the stack may write there.
    """
    return f"{ACKNOWLEDGED}{run_id}.json"


def acknowledged(keys: Iterable[str]) -> frozenset[str]:
    """The runs that are acknowledged, by the keys below ``ACKNOWLEDGED``."""
    return frozenset(
        key.removeprefix(ACKNOWLEDGED).removesuffix(".json")
        for key in keys
        if key.startswith(ACKNOWLEDGED) and key.endswith(".json")
    )


def program(sha256: str) -> str:
    """Where instances fetch the backup program whose zip has this SHA-256 (hex)."""
    return f"admin/init_scripts/repo_backup-{sha256}.zip"


def markers_from(moment: datetime) -> str:
    """A key that sorts just before every date marker completed in or after this UTC minute."""
    return marker(moment).removesuffix(".txt")


def marker(completed_at: datetime) -> str:
    """The date marker of a run completed at this moment (UTC)."""
    return f"{ARCHIVES}{completed_at:%Y-%m-%d-%H-%M}.txt"
