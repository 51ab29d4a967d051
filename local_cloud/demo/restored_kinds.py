"""Restores a file of Git LFS, a release's file, an attachment and a gist, where one is saved."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backup_contract.text import size
from local_cloud.stack import Stack


def names_to_restore(manifest: Mapping[str, Any]) -> list[str]:
    """A repository with a Git LFS object, one with a release's file or an attachment, and a gist,
    each the first that has one saved."""
    repositories = manifest["repositories"]
    found = [
        next((_name(each) for each in repositories if _has_files(each.get(kind))), None)
        for kind in ("lfs-objects", "data")
    ]
    gists = (f"{each['owner']}/{each['id']}" for each in manifest.get("gists", ()) if _saved(each))
    return list(dict.fromkeys(name for name in (*found, next(gists, None)) if name))


def restore_each(stack: Stack, names: list[str], folder: Path) -> Iterator[str]:
    """Restore them in one go; a line about each file and gist that came back.

    Raises :class:`SessionError` with the program's output when it fails.
    """
    stack.restore_many(names, folder)
    for title, pattern in (
        ("Git LFS object", "**/lfs/objects/*/*/*"),
        ("release asset", "**/releases/*/*"),
        ("attachment", "**/attachments/*/*"),
    ):
        for file in sorted(folder.glob(pattern))[:1]:
            yield f"{title}  {file.relative_to(folder)}, {size(file.stat().st_size)}"
    for mirror in sorted(folder.glob("*/gists/*.git"))[:1]:
        yield f"gist  {mirror.relative_to(folder)}, {_of_gist(mirror)}"


def _of_gist(mirror: Path) -> str:
    """How many commits and comments came back."""
    log = subprocess.run(
        ["git", "-C", mirror, "log", "--oneline"], capture_output=True, text=True, check=True
    )
    commits = len(log.stdout.splitlines())
    details = mirror.with_suffix(".json")
    document = json.loads(details.read_bytes()) if details.exists() else {}
    comments = len(document.get("comment_data", ()))
    return f"{_many(commits, 'commit')}, {_many(comments, 'comment')}"


def _many(count: int, one: str) -> str:
    return f"{count} {one}{'s' * (count != 1)}"


def _name(entry: Mapping[str, Any]) -> str:
    return f"{entry['owner']}/{entry['name']}"


def _saved(entry: Mapping[str, Any] | None) -> bool:
    return bool(entry and entry.get("archive"))


def _has_files(entry: Mapping[str, Any] | None) -> bool:
    return _saved(entry) and bool(entry and (entry.get("objects") or {}).get("saved"))
