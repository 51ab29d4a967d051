"""How a JSON document is written: the same content is the same text, for people to read. Pure.

Every field of a document has a line of its own, and so has every item of a list in it: a comparison
of two states of an issue shows the comment that was added. What is inside stays on its line, as
only that is fast enough for a hundred thousand documents.
"""

import json
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_PLAIN_ENCODER = json.JSONEncoder(sort_keys=True)


def json_text(document: Any) -> bytes:
    """The document as UTF-8, with a line's end at its end.

    Text that UTF-8 has no bytes for, as half of a surrogate pair, is written with escapes.
    """
    try:
        return _written(document, _ENCODER).encode()
    except UnicodeEncodeError:
        return _written(document, _PLAIN_ENCODER).encode()


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
