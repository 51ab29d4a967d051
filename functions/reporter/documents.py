"""Documents of the bucket that anybody may have written: used where they are sound. Pure.

A function here returns what the document says, or raises :class:`DamagedError`. Fields that are
unknown are ignored: a later version wrote them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Self, TypeVar

from shared.errors import OnlineBackupError

MOST_VALUES = 2_500_000
"""How many values a document may hold. Eleven bytes of JSON can take 200 of memory. A repository
with a wiki takes some 50 values: this is enough for 50,000."""

_MOST = 2**63 - 1
T = TypeVar("T")


class DamagedError(OnlineBackupError):
    """A document is not what it should be; ``field`` says where, empty where that is not known."""

    def __init__(self, problem: str, field: str = "", document: str = "") -> None:
        where = f"{document} is damaged: " if document else ""
        super().__init__(f"{where}{field}: {problem}" if field else f"{where}{problem}")
        self.problem = problem
        self.field = field

    def below(self, field: str) -> Self:
        """The same, of a field within ``field``."""
        return type(self)(self.problem, f"{field}.{self.field}" if self.field else field)

    def within(self, document: str) -> Self:
        """The same, with the document's name."""
        return type(self)(self.problem, self.field, document)


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in UTF-8. NaN and Infinity, which JSON does not know, are refused."""
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_VALUES:
        raise DamagedError(f"it holds more than {MOST_VALUES} values.")
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedError("it is no JSON.") from error
    return mapping(document)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def mapping(value: object) -> dict[str, Any]:
    """The value, if it is an object."""
    if not isinstance(value, dict):
        raise DamagedError("it is no object.")
    return value


def text(document: Mapping[str, Any], name: str) -> str:
    """The text of this field; text that UTF-8 cannot carry is none."""
    return _text(document.get(name), name)


def text_or_none(document: Mapping[str, Any], name: str) -> str | None:
    """The text of this field; None where it is missing or null."""
    return None if document.get(name) is None else text(document, name)


def texts(document: Mapping[str, Any], name: str, *, needed: bool = False) -> tuple[str, ...]:
    """The texts of this list; none where it is missing or null, unless it is ``needed``."""
    every = _list(document, name, needed=needed)
    return tuple(_text(each, f"{name}[{number}]") for number, each in enumerate(every))


def whole(document: Mapping[str, Any], name: str, most: int = _MOST) -> int:
    """The whole number of this field, from 0 to ``most``."""
    value = document.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise DamagedError(f"it is no whole number from 0 to {most}.", name)
    return value


def part(document: Mapping[str, Any], name: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What ``read`` makes of the object in this field."""
    try:
        return read(mapping(document.get(name)))
    except DamagedError as error:
        raise error.below(name) from error


def part_or_none(
    document: Mapping[str, Any], name: str, read: Callable[[dict[str, Any]], T]
) -> T | None:
    """What ``read`` makes of the object in this field; None where it is missing or null."""
    return None if document.get(name) is None else part(document, name, read)


def parts(
    document: Mapping[str, Any],
    name: str,
    read: Callable[[dict[str, Any]], T],
    *,
    needed: bool = False,
) -> tuple[T, ...]:
    """What ``read`` makes of each object in this list; none where it is missing or null."""
    found = []
    for number, each in enumerate(_list(document, name, needed=needed)):
        try:
            found.append(read(mapping(each)))
        except DamagedError as error:
            raise error.below(f"{name}[{number}]") from error
    return tuple(found)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise DamagedError("it is no text.", name)
    try:
        value.encode()
    except UnicodeError as error:
        raise DamagedError("it is no text that UTF-8 can carry.", name) from error
    return value


def _list(document: Mapping[str, Any], name: str, *, needed: bool) -> list[Any]:
    value = document.get(name)
    if value is None and not needed:
        return []
    if not isinstance(value, list):
        raise DamagedError("it is no list.", name)
    return value
