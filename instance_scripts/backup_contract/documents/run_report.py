"""``report.json``: the reporter's verdict on a run, and its figures. Schema 1, JSON. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.objects_put import ObjectsPut, read_objects_put
from backup_contract.documents.parts.results import COUNTED, Referred, read_referred
from backup_contract.documents.suspicion import Suspicion
from backup_contract.visibility import Visibility
from backup_contract.visibility import read as read_visibility


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule in force: EventBridge Scheduler's expression, time zone and state."""

    expression: str
    timezone: str
    state: str

    @classmethod
    def read(cls, document: Fields) -> "Schedule":
        """Read the object in the report. Raises DamagedError."""
        names = ("expression", "timezone", "state")
        return cls(**{each: fields.text(document, each) for each in names})


@dataclass(frozen=True, slots=True)
class RunReport:
    """The verdict, the sentence that explains it, and the figures behind the mail.

    Fields that are None were not known. ``seconds`` is the duration of all attempts together;
    amounts in USD are estimates. ``repositories`` counts by state. ``retired`` are chains of
    overlays that were removed after the mail. ``rewritten`` counts rewritten branches and tags,
    and ``rewrites`` has a line for each. ``suspicions`` are all open ones, including those of
    earlier runs. ``large_files`` are those that the archives refer to, by kind; ``objects_put``
    are those that the run stored.
    """

    verdict: str
    reason: str
    reported_at: datetime
    run_id: str = ""
    trigger: str = ""
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    schedule: Schedule | None = None
    seconds: float | None = None
    attempts: tuple[Mapping[str, Any], ...] = field(default=())
    repositories: Mapping[str, int] | None = None
    bytes_uploaded: int | None = None
    bytes_stored: int | None = None
    usd_run: float | None = None
    usd_storage_per_month: float | None = None
    retired: tuple[str, ...] = ()
    rewritten: int = 0
    rewrites: tuple[str, ...] = ()
    suspicions: tuple[Suspicion, ...] | None = None
    large_files: Mapping[str, Referred] = field(default_factory=dict)
    objects_put: ObjectsPut | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the document."""
        return {
            "schema": 1,
            "run_id": self.run_id,
            "trigger": self.trigger,
            "verdict": self.verdict,
            "reason": self.reason,
            "problems": list(self.problems),
            "acknowledged": list(self.acknowledged),
            "damage": list(self.damage),
            "notices": list(self.notices),
            "owners": list(self.owners),
            "only": list(self.only),
            "visibility": [each.document for each in self.visibility],
            "reported_at": self.reported_at.isoformat(),
            "schedule": self.schedule and asdict(self.schedule),
            "seconds": self.seconds,
            "attempts": list(self.attempts),
            "repositories": None if self.repositories is None else dict(self.repositories),
            "bytes_uploaded": self.bytes_uploaded,
            "bytes_stored": self.bytes_stored,
            "usd_run": self.usd_run,
            "usd_storage_per_month": self.usd_storage_per_month,
            "retired": list(self.retired),
            "rewritten": self.rewritten,
            "rewrites": list(self.rewrites),
            "suspicions": None
            if self.suspicions is None
            else [each.document for each in self.suspicions],
            "large_files": {kind: asdict(each) for kind, each in self.large_files.items()},
            "objects_put": self.objects_put and asdict(self.objects_put),
        }

    @classmethod
    def from_json(cls, data: bytes) -> "RunReport":
        """Read the document. Raises DamagedError that names the field.

        Earlier versions wrote fewer fields. Only verdict and date are required.
        """
        return fields.decode(data, cls._read)

    @classmethod
    def _read(cls, document: Fields) -> "RunReport":
        fields.schema(document, 1)
        return cls(
            verdict=fields.word(document, "verdict"),
            reason=fields.text_or_none(document, "reason") or "",
            reported_at=fields.moment(document, "reported_at"),
            run_id=fields.text_or_none(document, "run_id") or "",
            trigger=fields.text_or_none(document, "trigger") or "",
            problems=_texts(document, "problems"),
            acknowledged=_texts(document, "acknowledged"),
            damage=_texts(document, "damage"),
            notices=_texts(document, "notices"),
            owners=_texts(document, "owners"),
            only=_texts(document, "only"),
            visibility=read_visibility(document.get("visibility")),
            schedule=fields.optional(_schedule, document, "schedule"),
            seconds=fields.optional(fields.number, document, "seconds"),
            attempts=tuple(fields.optional(_attempts, document, "attempts") or ()),
            repositories=fields.optional(_counts, document, "repositories"),
            bytes_uploaded=fields.optional(fields.count, document, "bytes_uploaded"),
            bytes_stored=fields.optional(fields.count, document, "bytes_stored"),
            usd_run=fields.optional(fields.number, document, "usd_run"),
            usd_storage_per_month=fields.optional(fields.number, document, "usd_storage_per_month"),
            retired=_texts(document, "retired"),
            rewritten=fields.optional(fields.count, document, "rewritten") or 0,
            rewrites=_texts(document, "rewrites"),
            suspicions=fields.optional(_suspicions, document, "suspicions"),
            large_files=fields.optional(_large_files, document, "large_files") or {},
            objects_put=fields.optional(read_objects_put, document, "objects_put"),
        )


def _texts(document: Fields, name: str) -> tuple[str, ...]:
    return tuple(fields.optional(fields.texts, document, name) or ())


def _suspicions(document: Fields, name: str) -> tuple[Suspicion, ...]:
    return tuple(fields.each(document, name, Suspicion.read))


def _large_files(document: Fields, name: str) -> dict[str, Referred]:
    return fields.inside(
        document, name, lambda found: {kind: read_referred(found, kind) for kind in found}
    )


def _schedule(document: Fields, name: str) -> Schedule:
    return fields.inside(document, name, Schedule.read)


def _attempts(document: Fields, name: str) -> list[Fields]:
    return fields.each(document, name, lambda attempt: attempt)


def _counts(document: Fields, name: str) -> dict[str, int]:
    """The counts of known states; a missing one is 0."""

    def counts(found: Fields) -> dict[str, int]:
        return {each: fields.optional(fields.count, found, each) or 0 for each in COUNTED}

    return fields.inside(document, name, counts)
