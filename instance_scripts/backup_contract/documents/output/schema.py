"""What ``--json`` prints, command by command: the schema that scripts may rely on.

Every document is one JSON object with ``schema`` (1) and ``command``. Names are never changed or
taken away within a schema; new ones may be added. docs/reference.md is made from this package.
"""

from typing import Annotated, TypedDict

SCHEMA = 1


class Document(TypedDict):
    """What every document begins with."""

    schema: int
    command: str


class SourceDocument(Document):
    """The same of a command that reads a store."""

    source: Annotated[str, "the store that was asked"]
