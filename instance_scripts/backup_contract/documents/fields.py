"""Reads and validates the fields of a JSON document at a destination. Pure.

Anybody who can write to the destination can write anything into a document, and later versions add
fields. Known fields are validated when they are read; unknown fields are ignored. Each reader takes
an object and the name of a field, and raises DamagedError if the field is missing or invalid.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

Fields = Mapping[str, Any]
T = TypeVar("T")

LIMIT = 2**63
"""All numbers must be below this limit, so that other programs can read them."""
MOST_VALUES = 10_000_000
"""How many values a document may have. Two bytes of JSON can take 80 bytes of memory. A repository
with a wiki has about 50 values in a manifest: this is enough for 200,000, in at most half a GB."""
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_WORD = re.compile(r"[a-z][a-z-]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_KEY = re.compile(r"(?=.{1,1024}\Z)\w[\w.~+-]{0,254}(?:/\w[\w.~+-]{0,254})+", re.ASCII)
"""Nearly all keys match this. They need no further check."""
_NO_SEGMENTS = frozenset((b"", b".", b".."))
_KEY_BYTES, _SEGMENT_BYTES = 1024, 255
"""S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html; NAME_MAX of Linux."""
_FIRST_YEAR = 1970
_MISSING = object()


class DamagedError(ValueError):
    """A field is missing or invalid: ``repositories[0].archive.bytes is …``.

    ``path`` names the field, ``what`` says what is wrong. ``document`` is the key of the document;
    empty if it is not known.
    """

    def __init__(self, path: str, what: str, document: str = "") -> None:
        message = f"{path} {what}".strip()
        super().__init__(f"{document} is damaged: {message}." if document else message)
        self.path = path
        self.what = what
        self.document = document

    def below(self, outer: str) -> "DamagedError":
        """The same error, with the path of the enclosing object prepended."""
        return DamagedError(f"{outer}.{self.path}" if self.path else outer, self.what)

    def within(self, document: str) -> "DamagedError":
        """The same error, with the document's key."""
        return DamagedError(self.path, self.what, document)


def decode(data: bytes, build: Callable[[Fields], T], most_values: int | None = None) -> T:
    """Parse a JSON object and pass it to ``build``. Raises DamagedError if anything is wrong.

    A document that may have more than ``most_values`` values is refused before it is parsed,
    because eleven bytes of JSON can take 200 bytes of memory.
    """
    if most_values is not None and sum(map(data.count, (b"{", b"[", b","))) > most_values:
        raise DamagedError("", f"it holds more than {most_values} values")
    constants: list[str] = []
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES:
        raise DamagedError("", f"it holds more than {MOST_VALUES} values")

    def constant(name: str) -> float:
        constants.append(name)
        return float(name)

    # With parse_constant, decoding takes half as long again.
    suspect = b"NaN" in data or b"Infinity" in data
    try:
        # An editor may add a byte order mark. No version ever wrote UTF-16.
        text = data.decode("utf-8-sig")
        document = json.loads(text, parse_constant=constant) if suspect else json.loads(text)
    except RecursionError as error:
        raise DamagedError("", "it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise DamagedError("", "it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise DamagedError("", f"it is not JSON: {error.msg} (line {error.lineno})") from error
    except ValueError as error:  # Python's limit of 4300 digits
        raise DamagedError("", "it holds a number of too many digits") from error
    if not isinstance(document, dict):
        raise DamagedError("", "it is not a JSON object")
    built = build(document)
    if constants:
        raise DamagedError("", f"it is not JSON: it holds {constants[0]}")
    return built


def schema(document: Fields, known: int) -> None:
    """Check that the document has this schema. Raises DamagedError."""
    found = count(document, "schema")
    if found != known:
        raise DamagedError("", f"schema {found} is unknown, {known} is expected")


def nullable(read: Callable[[Fields, str], T], document: Fields, name: str) -> T | None:
    """The field, read by ``read``; None for null."""
    return None if document.get(name, _MISSING) is None else read(document, name)


def optional(read: Callable[[Fields, str], T], document: Fields, name: str) -> T | None:
    """The field, read by ``read``; None if it is null or missing."""
    return None if document.get(name) is None else read(document, name)


def text(document: Fields, name: str) -> str:
    """A text that can be encoded in UTF-8."""
    found = document.get(name, _MISSING)
    if isinstance(found, str) and (found.isascii() or _encodable(found)):
        return found
    raise _damaged(found, name, "is not text that UTF-8 has bytes for")


def text_or_null(document: Fields, name: str) -> str | None:
    """A text, as for :func:`text`; None for null."""
    return None if document.get(name, _MISSING) is None else text(document, name)


def text_or_none(document: Fields, name: str) -> str | None:
    """A text, as for :func:`text`; None if the field is null or missing."""
    return None if document.get(name) is None else text(document, name)


def texts(document: Fields, name: str) -> list[str]:
    """A list of texts, each as for :func:`text`."""
    found = document.get(name, _MISSING)
    if not isinstance(found, list):
        raise _damaged(found, name, "is not a list of texts")
    for index, item in enumerate(found):
        if not isinstance(item, str) or not _encodable(item):
            raise DamagedError(f"{name}[{index}]", "is not text that UTF-8 has bytes for")
    return [*found]


def items(document: Fields, name: str) -> list[Any]:
    """A list of any values."""
    found = document.get(name, _MISSING)
    if not isinstance(found, list):
        raise _damaged(found, name, "is not a list")
    return found


def named_texts(document: Fields, name: str) -> dict[str, str]:
    """An object whose values are texts, each as for :func:`text`."""
    found = document.get(name, _MISSING)
    if not isinstance(found, dict):
        raise _damaged(found, name, "is not an object")
    for key, item in found.items():
        if not isinstance(item, str) or not _encodable(key + item):
            raise DamagedError(name, "is not an object of texts that UTF-8 has bytes for")
    return {**found}


def flag(document: Fields, name: str) -> bool:
    """True or false."""
    found = document.get(name, _MISSING)
    if isinstance(found, bool):
        return found
    raise _damaged(found, name, "is neither true nor false")


def count(document: Fields, name: str) -> int:
    """An integer from 0, below :data:`LIMIT`."""
    found = document.get(name, _MISSING)
    if type(found) is int and 0 <= found < LIMIT:
        return found
    raise _damaged(found, name, "is not a whole number from 0 to 2^63 - 1")


def number(document: Fields, name: str) -> float:
    """A finite number from 0, below :data:`LIMIT`."""
    found = document.get(name, _MISSING)
    # The largest integers are rounded to the limit itself when they become floats.
    if type(found) in (int, float) and 0 <= found < LIMIT and float(found) < LIMIT:
        return float(found)
    raise _damaged(found, name, "is not a number from 0 to 2^63 - 1")


def moment(document: Fields, name: str) -> datetime:
    """A time since 1970, in UTC, from an ISO 8601 text with a time zone."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
        utc = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # a time zone may move the end of 9999 past it
        raise DamagedError(name, "is not a date") from error
    if found.tzinfo is None:
        raise DamagedError(name, "is a date without a time zone")
    if utc.year < _FIRST_YEAR:
        raise DamagedError(name, f"is a date before {_FIRST_YEAR}")
    return utc


def word(document: Fields, name: str) -> str:
    """A state, a phase or a verdict: lower-case letters and hyphens."""
    return _matching(_WORD, document, name, "is not a word in lower case")


def run_id(document: Fields, name: str) -> str:
    """A run id, which may be a custom name."""
    return _matching(RUN_ID, document, name, "is not a run id")


def sha256(document: Fields, name: str) -> str:
    """A SHA-256 in hexadecimal digits."""
    return _matching(_SHA256, document, name, "is not a SHA-256")


def checksum(document: Fields, name: str) -> dict[str, str]:
    """A store's checksum: an object with at least ``algorithm`` and ``value``."""
    found = named_texts(document, name)
    for needed in ("algorithm", "value"):
        if needed not in found:
            raise DamagedError(f"{name}.{needed}", "is missing")
    return found


def key(document: Fields, name: str, below: str) -> str:
    """The key of an object below a prefix, which is also safe as a path in a directory."""
    found = text(document, name)
    if found.startswith(below) and _PLAIN_KEY.fullmatch(found):
        return found
    segments = found.encode().split(b"/")
    if (
        found.startswith(below)
        and found.isprintable()
        and "\\" not in found
        and _NO_SEGMENTS.isdisjoint(segments)
        and max(map(len, segments)) <= _SEGMENT_BYTES
        and sum(map(len, segments)) + len(segments) - 1 <= _KEY_BYTES
    ):
        return found
    raise DamagedError(name, f"is not a key below {below}")


def inside(document: Fields, name: str, build: Callable[[Fields], T]) -> T:
    """The object in a field, passed to ``build``."""
    found = document.get(name, _MISSING)
    if not isinstance(found, dict):
        raise _damaged(found, name, "is not an object")
    try:
        return build(found)
    except DamagedError as error:
        raise error.below(name) from error


def each(document: Fields, name: str, build: Callable[[Fields], T]) -> list[T]:
    """The objects of a list, each passed to ``build``."""
    built = []
    for index, item in enumerate(items(document, name)):
        if not isinstance(item, dict):
            raise DamagedError(f"{name}[{index}]", "is not an object")
        try:
            built.append(build(item))
        except DamagedError as error:
            raise error.below(f"{name}[{index}]") from error
    return built


def _matching(pattern: re.Pattern[str], document: Fields, name: str, what: str) -> str:
    found = document.get(name, _MISSING)
    if isinstance(found, str) and pattern.fullmatch(found):
        return found
    raise _damaged(found, name, what)


def _damaged(found: object, name: str, what: str) -> DamagedError:
    return DamagedError(name, "is missing" if found is _MISSING else what)


def _encodable(found: str) -> bool:
    if found.isascii():
        return True
    try:
        found.encode()
    except UnicodeEncodeError:
        return False
    return True
