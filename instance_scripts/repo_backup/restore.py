"""The way back: find an archive, download it, check it, unpack it, push it."""

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repo_backup import layout
from repo_backup.errors import FatalError, RepositoryError
from repo_backup.git import mirror_digest
from repo_backup.manifest import Archive, Entry, Manifest, Part
from repo_backup.mirror import LEAN_GIT, git_environment
from repo_backup.store import Store

_BLOCK_BYTES = 1024 * 1024
_ASKPASS = """#!/bin/sh
case "$1" in
Username*) echo x-access-token ;;
*) cat <&{descriptor} ;;
esac
"""


@dataclass(frozen=True)
class Found:
    """An archive at the destination; ``part`` is None when no manifest names it."""

    name: str
    key: str
    version_id: str | None
    part: Part | None


def manifests(store: Store, run_id: str | None = None) -> Iterator[Manifest]:
    """The manifests at the destination, newest first, or the one of a run."""
    for each in [run_id] if run_id else store.run_ids():
        data = store.read(layout.manifest(each))
        if data is not None:
            yield Manifest.from_json(data)
        elif run_id:
            raise FatalError(f"there is no manifest of run {run_id}")


def key_of(full_name: str, *, wiki: bool = False) -> str:
    """The key of ``owner/name``'s archive."""
    owner, _, name = full_name.partition("/")
    return layout.archive(owner, name, wiki=wiki)


def find(store: Store, full_name: str, *, wiki: bool, run_id: str | None) -> Found:
    """The archive of a repository (or its wiki) as of a run, by default the newest.

    Without a manifest that names it, whatever lies under its key will do. Raises FatalError.
    """
    key = key_of(full_name, wiki=wiki)
    for manifest in manifests(store, run_id):
        for entry in manifest.entries.values():
            part = entry.wiki if wiki else entry.part
            if entry.full_name.lower() == full_name.lower() and part and part.archive:
                archive = part.archive
                return Found(full_name, archive.key, archive.version_id, part)
    if run_id is None and store.versions(key):
        return Found(full_name, key, None, None)
    where = f"of run {run_id}" if run_id else "at this destination"
    raise FatalError(f"there is no archive of {full_name}{' (wiki)' if wiki else ''} {where}")


def fetch_mirror(store: Store, found: Found, into: Path) -> Path:
    """Download, check against the manifest and unpack; the bare mirror's path below ``into``.

    Raises RepositoryError when the archive is not what the manifest says, or git finds fault.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=into) as file:
        expected = found.part.archive if found.part else None
        download(store, found.key, found.version_id, file, expected)
        mirror = unpack(file, into)
    check_mirror(mirror, found.part)
    return mirror


def download(
    store: Store, key: str, version_id: str | None, file: IO[bytes], expected: Archive | None
) -> None:
    """Read an archive into a file. Raises RepositoryError when its SHA-256 is another."""
    digest = hashlib.sha256()
    with store.open(key, version_id) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            file.write(block)
    if expected and digest.hexdigest() != expected.sha256:
        raise RepositoryError(f"{key} is not what the manifest says (SHA-256 differs)")
    file.seek(0)


def unpack(file: IO[bytes], into: Path) -> Path:
    """Unpack a mirror's zip; its one top directory. Never writes outside ``into``."""
    try:
        with zipfile.ZipFile(file) as archive:
            tops = {name.partition("/")[0] for name in archive.namelist()}
            if len(tops) != 1 or not (top := tops.pop()).endswith(".git"):
                raise RepositoryError("this zip holds no mirror")
            target = into / top
            if target.exists():
                raise RepositoryError(f"{target} exists already")
            archive.extractall(into)
            return target
    except zipfile.BadZipFile as error:
        raise RepositoryError(f"this is no whole zip: {error}") from error


def check_mirror(mirror: Path, part: Part | None) -> None:
    """Let git check every object, and compare the refs with the manifest's digest."""
    done = _git(mirror, "fsck", "--full", "--no-dangling", "--no-progress")
    if done.returncode & 1:
        raise RepositoryError(f"git fsck: {done.stderr.strip().splitlines()[-1:]}")
    if part and part.refs_digest and mirror_digest(mirror) != part.refs_digest:
        raise RepositoryError("its refs are not those of the manifest")


def push(mirror: Path, url: str, token: str | None) -> None:
    """Push all branches and tags (GitHub refuses ``refs/pull``) to a new, empty repository.

    The token reaches git through a pipe that only its askpass reads. Raises RepositoryError.
    """
    refspecs = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
    reader, writer = os.pipe()
    with tempfile.TemporaryDirectory() as directory:
        askpass = Path(directory) / "askpass"
        askpass.write_text(_ASKPASS.format(descriptor=reader))
        askpass.chmod(0o700)
        os.write(writer, f"{token or ''}\n".encode())
        os.close(writer)
        try:
            done = subprocess.run(
                ("git", "-c", "credential.helper=", "push", "--quiet", url, *refspecs),
                cwd=mirror,
                env={**_person_environment(), "GIT_ASKPASS": str(askpass)},
                pass_fds=(reader,),
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            os.close(reader)
    if done.returncode != 0:
        raise RepositoryError(f"git push failed: {done.stderr.strip()}")


def entries_with_archives(store: Store, run_id: str | None) -> list[tuple[Entry, Part, Archive]]:
    """Every archive that a run's manifest names, or else all that there are at the destination.

    A run may have listed less than an earlier one (other owners, no token): manifests are read,
    newest first, until each archive that is there has been named. Raises FatalError.
    """
    unnamed = None if run_id else set(_zips(store))
    found: dict[str, tuple[Entry, Part, Archive]] = {}
    for manifest in manifests(store, run_id):
        for entry in manifest.entries.values():
            for part in (entry.part, entry.wiki):
                if part and part.archive:
                    found.setdefault(part.archive.key, (entry, part, part.archive))
        if unnamed is not None and unnamed <= found.keys():
            break
    if not found:
        raise FatalError("there is no backup at this destination")
    return [found[key] for key in sorted(found, key=str.lower)]


def _zips(store: Store) -> list[str]:
    return [key for key in store.objects(layout.ARCHIVES) if key.endswith(".zip")]


def _person_environment() -> dict[str, str]:
    """For a push, which a person asks for: their SSH keys, known hosts and agent as well."""
    agent = os.environ.get("SSH_AUTH_SOCK")
    return {
        **git_environment(Path.home()),
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        **({"SSH_AUTH_SOCK": agent} if agent else {}),
    }


def _git(mirror: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*LEAN_GIT, *arguments),
        cwd=mirror,
        env={**git_environment(mirror), "GIT_DIR": str(mirror)},
        capture_output=True,
        text=True,
        check=False,
    )
