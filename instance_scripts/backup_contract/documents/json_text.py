"""How a large JSON document is written: quickly, and so that two of them can be compared.

Every field has a line of its own, and so has every item of a list in it: an issue's comment, a
manifest's repository. What is inside stays on its line, as Python writes it many times faster.
Pure.
"""

import json
from collections.abc import Mapping
from typing import Any

_READABLE = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_ESCAPED = json.JSONEncoder(sort_keys=True)
_SHORT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_text(document: Any) -> bytes:
    """The document as UTF-8: the same content is the same text.

    Text that UTF-8 has no bytes for, as half of a surrogate pair, is written with escapes.
    """
    try:
        return _written(document, _READABLE).encode()
    except UnicodeEncodeError:
        return _written(document, _ESCAPED).encode()


def short_json(document: Mapping[str, Any]) -> bytes:
    """The document as short as lines allow, its fields in their order.

    Text that UTF-8 has no bytes for is written as question marks.
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
