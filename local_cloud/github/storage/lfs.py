"""Git LFS: the batch API, and a storage of its own that no token may be sent to.

The objects lie where a bare repository has them, ``REPO.git/lfs/objects/aa/bb/<sha256>``.
https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

BATCH = ".git/info/lfs/objects/batch"
STORAGE = "/lfs-storage/"
_TYPE = "application/vnd.git-lfs+json"
_MOST_OBJECTS = 100
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


@dataclass
class LargeFiles:
    """How the server and its storage behave; may be changed while it runs.

    ``refused`` objects get this code and message in a good answer. ``over_quota`` is the status
    with which all batches are refused. ``seconds`` is how long an address is good for; by
    ``signature`` it is told from those before a change of that. ``redirects``: the storage sends on
    to another host. ``ranges``: it serves parts. ``batches`` are the numbers of objects that were
    asked for, ``sent`` the objects that went out.
    """

    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    over_quota: int = 0
    seconds: float = 600.0
    signature: str = "1"
    redirects: bool = False
    ranges: bool = True
    batches: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def batch(self, repository: Path, full_name: str, body: bytes, storage: str) -> Answer:
        """Answer a batch for a repository that the caller may read."""
        if self.over_quota:
            answer = "This repository is over its data quota. Purchase more data packs."
            return _json(self.over_quota, {"message": answer})
        wanted = json.loads(body)["objects"]
        self.batches.append(len(wanted))
        if len(wanted) > _MOST_OBJECTS:
            return _json(413, {"message": "Too many objects"})
        listed = [self._offer(repository, full_name, each, storage) for each in wanted]
        return _json(200, {"transfer": "basic", "objects": listed})

    def _offer(
        self, repository: Path, full_name: str, wanted: dict[str, object], storage: str
    ) -> dict[str, object]:
        oid, text = str(wanted["oid"]), {"oid": wanted["oid"], "size": wanted["size"]}
        code, message = self.refused.get(oid, (0, ""))
        path = object_path(repository, oid)
        if not code and not path.is_file():
            code, message = 404, "Object does not exist on the server"
        if not code and path.stat().st_size != wanted["size"]:
            code, message = 422, "The object has another size"
        if code:
            return {**text, "error": {"code": code, "message": message}}
        until = time.time() + self.seconds
        action = {
            "href": f"{storage}{STORAGE}{full_name}/{oid}?Signature={self.signature}&until={until}",
            "header": {"X-Storage-Key": "of-this-object"},
            "expires_at": datetime.fromtimestamp(until, UTC).isoformat(),
            "expires_in": 0,
        }
        return {**text, "authenticated": True, "actions": {"download": action}}

    def download(
        self, root: Path, path: str, query: str, headers: Mapping[str, str], elsewhere: str
    ) -> Answer:
        """Answer a GET of the storage, which requires its own header and no other credentials."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        moved = "moved" in asked
        good = asked.get("Signature") == self.signature and float(asked["until"]) > time.time()
        if "Authorization" in headers or (moved and "X-Storage-Key" in headers):
            return _text(400, b"Only one auth mechanism allowed")
        if not good or not (moved or headers.get("X-Storage-Key")):
            return _text(403, b"Request has expired")
        if self.redirects and not moved:
            return _text(302, b"", {"Location": f"{elsewhere}{path}?{query}&moved=1"})
        full_name, _, oid = path.removeprefix(STORAGE).rpartition("/")
        file = object_path(root / f"{full_name}.git", oid)
        if not file.is_file():
            return _text(404, b"NoSuchKey")
        self.sent.append(oid)
        return _part(file, headers.get("Range", "") if self.ranges else "")


def object_path(repository: Path, oid: str) -> Path:
    """The path of an object in a bare repository."""
    return repository / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


def add_object(repository: Path, data: bytes) -> str:
    """Store an object at the server. Returns the pointer to commit in its place."""
    oid = hashlib.sha256(data).hexdigest()
    path = object_path(repository, oid)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return pointer(oid, len(data))


def pointer(oid: str, size: int) -> str:
    """The content of the pointer file for an object."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def _part(file: Path, asked: str) -> Answer:
    size, found = file.stat().st_size, _RANGE.fullmatch(asked)
    start, end = 0, size
    if found:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if start >= size:
            return _text(416, b"InvalidRange")
    headers = {"Content-Type": "application/octet-stream"}
    if found:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Answer(206 if found else 200, headers, _blocks(file, start, end))


def _blocks(file: Path, start: int, end: int) -> Iterator[bytes]:
    with file.open("rb") as source:
        source.seek(start)
        while start < end and (block := source.read(min(_BLOCK_BYTES, end - start))):
            start += len(block)
            yield block


def _json(status: int, document: object) -> Answer:
    return Answer(status, {"Content-Type": _TYPE}, iter([json.dumps(document).encode()]))


def _text(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, iter([body]))
