"""The restore drill of a run: the archives that it read back, with the results. Pure."""

from dataclasses import dataclass
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields


@dataclass(frozen=True, slots=True)
class DrilledArchive:
    """One archive of a drill.

    ``good`` is None if the machine could not read it back, which says nothing about the archive.
    ``large_files``: the archive itself is good, but large files that it refers to, or the list of
    them, are not. Other fields are None if they were not recorded. ``remarks`` do not affect the
    result.
    """

    key: str
    good: bool | None
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    seconds: float | None = None
    large_files: bool = False

    @property
    def description(self) -> str:
        """The key and the reason."""
        return f"{self.key}: {self.reason}"

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        return {
            "key": self.key,
            "ok": self.good,
            "reason": self.reason,
            "remarks": list(self.remarks),
            "seconds": self.seconds if self.seconds is None else round(self.seconds, 3),
            **({"large_files": True} if self.large_files else {}),
        }


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore drill.

    ``archives`` is the number of all archives, ``never_drilled`` the number of those that no drill
    has read back yet. ``runs_until_all_drilled`` is the number of further runs that this takes.
    They are None if they were not recorded.
    """

    checked: tuple[DrilledArchive, ...]
    archives: int | None = None
    never_drilled: int | None = None
    runs_until_all_drilled: int | None = None

    @property
    def ok(self) -> bool:
        """Whether no archive is bad, and no large files are lacking."""
        return not (self.bad or self.lacking)

    @property
    def good(self) -> tuple[DrilledArchive, ...]:
        """The good archives."""
        return tuple(each for each in self.checked if each.good)

    @property
    def bad(self) -> tuple[DrilledArchive, ...]:
        """The bad archives."""
        return tuple(each for each in self.checked if each.good is False and not each.large_files)

    @property
    def lacking(self) -> tuple[DrilledArchive, ...]:
        """The good archives whose large files, or the list of them, are not good."""
        return tuple(each for each in self.checked if each.good is False and each.large_files)

    @property
    def undone(self) -> tuple[DrilledArchive, ...]:
        """The archives that the machine could not read back."""
        return tuple(each for each in self.checked if each.good is None)

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {
            "ok": self.ok,
            "checked": [each.document for each in self.checked],
            **{name: count for name, count in counts.items() if count is not None},
        }


_COUNTS = ("archives", "never_drilled", "runs_until_all_drilled")


def read_drill(document: Fields, name: str) -> Drill:
    """Read the drill in a field. Raises DamagedError."""
    return fields.inside(document, name, _drill)


def _drill(document: Fields) -> Drill:
    counts = {each: fields.optional(fields.count, document, each) for each in _COUNTS}
    drill = Drill(tuple(fields.each(document, "checked", _checked)), **counts)
    if not fields.flag(document, "ok") and drill.ok:
        raise fields.DamagedError("ok", "is false, but no archive is bad")
    return drill


def _checked(document: Fields) -> DrilledArchive:
    return DrilledArchive(
        fields.text(document, "key"),
        fields.nullable(fields.flag, document, "ok"),
        fields.text_or_none(document, "reason"),
        tuple(fields.optional(fields.texts, document, "remarks") or ()),
        fields.optional(fields.number, document, "seconds"),
        bool(fields.optional(fields.flag, document, "large_files")),
    )
