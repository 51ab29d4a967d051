"""Writes large JSON documents fast, and so that two of them can be compared with ``diff``. Pure.

Each field has its own line, and so has each item of a list in it, such as a comment of an issue or
a repository in a manifest. Everything inside an item is on the same line, because Python writes
that many times faster.
"""

import json
from collections.abc import Mapping
from typing import Any

_READABLE = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_ESCAPED = json.JSONEncoder(sort_keys=True)
_SHORT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_text(document: Any) -> bytes:
    """The document in UTF-8, with sorted fields: the same content gives the same bytes.

    If it contains a lone surrogate, which UTF-8 cannot encode, non-ASCII text is escaped.
    """
    try:
        return _written(document, _READABLE).encode()
    except UnicodeEncodeError:
        return _written(document, _ESCAPED).encode()


def short_json(document: Mapping[str, Any]) -> bytes:
    """The document in UTF-8 without unnecessary spaces, its fields in the given order.

    Lone surrogates, which UTF-8 cannot encode, become question marks.
    """
    fields = (f"{_SHORT.encode(name)}: {_value(each, _SHORT)}" for name, each in document.items())
    return ("{\n " + ",\n ".join(fields) + "\n}\n").encode("utf-8", "replace")


def _written(document: Any, encoder: json.JSONEncoder) -> str:
    if isinstance(document, dict) and document:
        fields = (
            f"{encoder.encode(name)}: {_value(document[name], encoder)}"
            for name in sorted(document)
        )
        return "{\n " + ",\n ".join(fields) + "\n}\n"
    if isinstance(document, list) and document:
        return "[\n " + ",\n ".join(map(encoder.encode, document)) + "\n]\n"
    return encoder.encode(document) + "\n"


def _value(value: Any, encoder: json.JSONEncoder) -> str:
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(map(encoder.encode, value)) + "\n ]"
    return encoder.encode(value)
