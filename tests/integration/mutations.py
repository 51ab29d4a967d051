"""Documents that are almost right: what anybody who may write to a bucket could leave there."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.unit.repo_backup.test_parsers import cut, places

DEEP = 100_000
"""How deep documents are nested: Python's own limit is a thousand."""
DIGITS = int("9" * 400)
KEYS = (
    *("", ".", "..", "/", "//", "/etc/passwd", "../../etc/passwd", "github_backups/../x"),
    *("github_backups/octo//x.zip", "github_backups/octo/x.zip", "runs/lock.json", "a" * 2000),
    *("github_backups/\0", "github_backups/octo/\u202ex.zip", "github_backups/octo/" + "é" * 300),
)
TEXTS = (
    *("", "\ud800", "\udfff\ud800", "\0", "\x1b[2J", "\r\nrepo-backup: all is well", "٣"),
    *("x" * 5000, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-27T17:00:00"),
    *("2026", "2026-11-27T17:00:00Z", "verified", "failed", "backed-up", "kept", "absent", "null"),
)
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, DIGITS, -DIGITS, True, False)
FLOATS = (float("inf"), float("-inf"), float("nan"), -1e308, 1e308, 5e-324, -0.0, 0.5)
JUNK = st.one_of(
    st.none(),
    st.sampled_from(NUMBERS),
    st.sampled_from(FLOATS),
    st.sampled_from(TEXTS),
    st.sampled_from(KEYS),
    st.text(max_size=20),
    st.sampled_from(([], {}, [[]], [None], [{}], {"": None}, {"schema": 1})),
)
_PLAIN = ("utf-8",) * 12
_SPELLINGS = (*("mutated",) * 12, "valid", "cut", "deep", "inside", "twice", "junk")
ENCODINGS = (*_PLAIN, "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1")


@st.composite
def mutated(draw: st.DrawFn, original: Any) -> Any:
    """A valid document with up to four changes of its structure."""
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(0, 4))):
        found = list(places(document))
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(("value", "value", "gone", "again", "moved", "other type"))):
            case "value":
                container[key] = copy.deepcopy(draw(JUNK))
            case "gone":
                del container[key]
            case "again" if isinstance(container, list):
                container.append(copy.deepcopy(container[key]))
            case "moved":
                other, place = draw(st.sampled_from(found))
                container[key] = copy.deepcopy(other[place]) if place in _keys(other) else None
            case _:
                value = container[key]
                container[key] = draw(st.sampled_from(([value], {"x": value}, str(value))))
    return document


def _keys(container: Any) -> Any:
    return container if isinstance(container, dict) else range(len(container))


@st.composite
def documents(draw: st.DrawFn, original: Mapping[str, Any] | bytes) -> bytes:
    """Bytes for a document of this kind: structure, spelling or encoding are almost right."""
    if isinstance(original, bytes):
        return draw(st.one_of(st.just(original), cut([original]), st.binary(max_size=20)))
    how = draw(st.sampled_from(_SPELLINGS))
    whole = json.dumps(original)
    match how:
        case "valid":
            return whole.encode()
        case "cut":
            return draw(cut([whole.encode()]))
        case "deep":
            opening = draw(st.sampled_from((b"[", b'{"a":', b'[{"a":')))
            return opening * DEEP
        case "inside":
            name = draw(st.sampled_from(sorted(original)))
            deep = "[" * DEEP + "]" * DEEP
            return json.dumps({**original, name: "@"}).replace('"@"', deep, 1).encode()
        case "twice":
            name = draw(st.sampled_from(sorted(original)))
            again = json.dumps({name: draw(JUNK)})
            return f"{whole[:-1]}, {again[1:]}".encode()
        case "junk":
            values = JUNK.map(lambda value: json.dumps(value).encode())
            return draw(st.one_of(st.binary(max_size=40), values))
    text = json.dumps(draw(mutated(original)), ensure_ascii=draw(st.booleans()))
    encoding = draw(st.sampled_from(ENCODINGS))
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")
