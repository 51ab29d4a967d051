"""The schema of what commands print with ``--json``, on which scripts may rely.

Each document is one JSON object with ``schema`` (1) and ``command``. Within a schema, names are
never changed or removed; new ones may be added. docs/reference.md is generated from this package.
"""

from typing import Annotated, TypedDict

SCHEMA = 1


class Document(TypedDict):
    """The first fields of every document."""

    schema: int
    command: str


class SourceDocument(Document):
    """The first fields of the document of a command that reads a store."""

    source: Annotated[str, "the location of the store"]
