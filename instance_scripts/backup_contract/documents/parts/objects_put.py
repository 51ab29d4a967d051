"""The large files that a run stored beside the archives. Pure."""

from dataclasses import dataclass

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields


@dataclass(frozen=True, slots=True)
class ObjectsPut:
    """Their number and bytes. A file that several repositories share is stored and counted once."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: "ObjectsPut") -> "ObjectsPut":
        """The sum of both."""
        return ObjectsPut(self.count + other.count, self.bytes + other.bytes)


NO_OBJECTS_PUT = ObjectsPut()


def read_objects_put(document: Fields, name: str) -> ObjectsPut:
    """Read the object in a field. Raises DamagedError."""
    return fields.inside(
        document,
        name,
        lambda found: ObjectsPut(fields.count(found, "count"), fields.count(found, "bytes")),
    )
