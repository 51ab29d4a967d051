"""An S3 in this process, behind botocore, that makes up its answers."""

import re
import threading
import time
from collections import Counter
from hashlib import sha256
from io import BytesIO
from typing import Any, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

from botocore.awsrequest import AWSResponse

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link, chain_of
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import GIT, WIKI
from backup_contract.moments import moment_of

_EARLIER, _NOW = "2026-11-20T17-00-00Z", "2026-11-27T17-00-00Z"
_FOLDER = f"{layout.ARCHIVES}octo/"
_NAME = "repository-00000"
_PER_PAGE = 8
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>backups</Name>'
    "<MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
)


class MadeUpBucket:
    """Repositories that differ in nothing but their number: of each git and wiki, with overlays.

    A page of versions holds eight of them, with sixty overlays that is a thousand lines.
    """

    def __init__(self, repositories: int, links: int, latency: float) -> None:
        self.repositories, self.latency = repositories, latency
        self.seconds = 0.0
        self.requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._kinds = [_recorded(_FOLDER + _NAME + suffix, links) for suffix in ("", ".wiki")]
        self._documents = {archive.key: chain.to_bytes() for archive, chain in self._kinds}
        self._rows = "".join(
            row for row in sorted(row for kind in self._kinds for row in _rows(*kind))
        )

    def manifest(self) -> bytes:
        """A run that changed nothing."""
        made = Manifest(_NOW, 1, ["octo"], moment_of(_NOW), listed=self.repositories)
        made.entries = by_identity(map(self._entry, range(self.repositories)))
        return made.to_json()

    def _entry(self, number: int) -> Entry:
        results = {
            kind: self._result(archive, document, number)
            for kind, (archive, document) in zip((GIT, WIKI), self._kinds, strict=True)
        }
        name = f"repository-{number:05}"
        return Entry(number, "octo", name, False, False, False, results)

    def _result(self, archive: Archive, document: ChainDocument, number: int) -> ItemResult:
        described = archive.document | {"key": archive.key.replace("00000", f"{number:05}")}
        return ItemResult(
            "unchanged",
            refs_digest="0" * 64,
            refs=9,
            archive=Archive(**described),
            chain=_chain(document, number) if document.links else None,
        )

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """botocore's ``before-send``."""
        began = time.thread_time()
        url = urlsplit(request.url)
        query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
        if "versions" in query:
            operation, body = "ListObjectVersions", self._page(query.get("key-marker", ""))
        else:
            operation, body = "GetObject", self._document(unquote(url.path))
        headers = {"content-length": str(len(body)), "etag": '"0"'}
        with self._lock:
            self.requests[operation] += 1
            self.seconds += time.thread_time() - began
        time.sleep(self.latency)
        return AWSResponse(request.url, 200, cast(Any, headers), _Raw(body))

    def _document(self, path: str) -> bytes:
        key = path.partition("github_backups/")[2]
        number = int(re.findall(r"\d{5}", key)[0])
        template = f"{_FOLDER}{_NAME}{'.wiki' if '.wiki+' in key else ''}.zip"
        return _numbered(self._documents[template], number)

    def _page(self, marker: str) -> bytes:
        """The repositories behind this key: a marker is of the last of them, or an asterisk."""
        numbers = [int(found) for found in re.findall(r"-(\d{5})", marker)]
        first = numbers[0] + (not marker.endswith("*")) if numbers else 0
        last = min(first + _PER_PAGE, self.repositories)
        rows = "".join(self._rows.replace("00000", f"{n:05}") for n in range(first, last))
        wiki = f"-{first:05}.wiki*"
        if marker.endswith(wiki):  # a range may begin between the kinds of a repository
            rows = rows[rows.index(f"<Version><Key>{quote(_FOLDER)}repository{wiki[:-1]}%2B") :]
        end = f"{_FOLDER}repository-{last - 1:05}.zip"
        more = f"<IsTruncated>{'true' if last < self.repositories else 'false'}</IsTruncated>"
        marks = f"<NextKeyMarker>{end}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
        return f"{_HEAD}{more}{marks}{rows}</ListVersionsResult>".encode()


def _chain(document: ChainDocument, number: int) -> Chain:
    digest = sha256(_numbered(document.to_bytes(), number)).hexdigest()
    known = chain_of(document, "0" * 64, 9)
    return Chain(
        known.id, known.links, known.bytes, known.last_bytes, digest, _EARLIER, "0" * 64, 9
    )


class _Raw(BytesIO):
    """What urllib3 would hand over."""

    def stream(self, *_: Any, **__: Any) -> Any:
        """All of it at once."""
        yield self.read()


def _numbered(data: bytes, number: int) -> bytes:
    return data.replace(b"repository-00000", b"repository-%05d" % number)


def _recorded(stem: str, links: int) -> tuple[Archive, ChainDocument]:
    """What is recorded of the base, and the document of its overlays."""
    digest = sha256(stem.encode()).hexdigest()
    checksum = {"algorithm": "CRC32", "value": "AAAAAA==", "type": "FULL_OBJECT"}
    version, etag = "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", f'"{digest[:32]}"'
    archive = Archive(f"{stem}.zip", 1234567, digest, _EARLIER, checksum, version, etag)
    document = ChainDocument(archive.key, layout.chain_id(digest))
    for _ in range(links):
        link = Link(document.next_key, 12345, digest, _EARLIER, digest, 9, version, etag, checksum)
        document = document.with_link(link)
    return archive, document


def _rows(archive: Archive, document: ChainDocument) -> list[str]:
    keys = [*(link.key for link in document.links), document.key]
    rows = [_row(key, 12345, str(archive.etag), str(archive.version_id)) for key in keys]
    return [*rows, _row(archive.key, archive.bytes, str(archive.etag), str(archive.version_id))]


def _row(key: str, size: int, etag: str, version: str) -> str:
    return (
        f"<Version><Key>{quote(key)}</Key><VersionId>{version}</VersionId>"
        "<IsLatest>true</IsLatest><LastModified>2026-11-20T17:05:00.000Z</LastModified>"
        f"<ETag>{etag.replace(chr(34), '&quot;')}</ETag><ChecksumAlgorithm>CRC32"
        "</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass><Owner><ID>{'0' * 64}</ID>"
        "</Owner></Version>"
    )
