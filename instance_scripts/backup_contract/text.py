"""Text for people: sizes and the like. Pure."""

from backup_contract.documents.manifest import Entry, Part


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def parts_of(entry: Entry) -> list[tuple[str, Part]]:
    """A repository and its wiki by the names that people see."""
    parts = [(entry.full_name, entry.part)]
    return parts + ([(f"{entry.full_name}.wiki", entry.wiki)] if entry.wiki else [])
