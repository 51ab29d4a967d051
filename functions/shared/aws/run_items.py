"""The items of the run table: their keys, and what each holds. Pure.

All kinds share one key, ``pk``. A run's is its id, a date; every other one begins with a letter.
What an item holds is checked when it is read: what is damaged costs only that item.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.suspicion import Suspicion
from shared.errors import DamagedItemError
from shared.model.run import Run
from shared.model.run_document import from_json, role_ids, to_json

KEEP = timedelta(days=400)
"""Late events must still find their run, and the watchdog that of a yearly schedule."""

LAST_REPORTED = "last-reported"
"""``run_id``: the latest run that was reported with a whole manifest; ``accepted``: the latest in
which nothing spoke against an archive; ``verified_at``: when the latest report was made, if it
called a run of everything verified."""
LAST_VERIFIED = "last-verified"
"""``at``: when a report last called a run of everything verified."""
SUSPICIONS = "suspicions"
"""``document``: the suspicions that nobody has acknowledged yet, as ``report.json`` has them."""
LAUNCHING = "launching"
"""``run_id``, ``until``: it may have an instance of which nothing is written down yet."""
DEAD_LETTERS_TOLD = "dead-letters-told"
"""``count``: of how many dead letters somebody was told."""

_DIGITS = 15
_MOST_SUSPICION_CHARACTERS = 300_000

Item = Mapping[str, Any]
"""As DynamoDB has it: ``{"pk": {"S": "…"}, "version": {"N": "1"}}``."""


def request_key(request_id: str) -> str:
    """``run_id``: the run that this request to the launcher began."""
    return f"request#{request_id}"


def instance_key(instance_id: str) -> str:
    """``run_id``, ``attempt``: what this instance was launched for."""
    return f"instance#{instance_id}"


def damage_key(run_id: str) -> str:
    """``problem``: what is wrong with a run's item, once somebody was told."""
    return f"damage-told#{run_id}"


def item(key: str, keep_from: datetime | None = None, **values: str | int) -> dict[str, Any]:
    """An item of texts and whole numbers, which goes 400 days after a moment, or never."""
    expiry = {"expires_at": int((keep_from + KEEP).timestamp())} if keep_from else {}
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in {"pk": key, **values, **expiry}.items()
    }


def run_item(run: Run) -> dict[str, Any]:
    """The item of a run, in the version that the run has."""
    roles = role_ids(run)
    return {
        **item(run.id, run.created_at, version=run.version, state=run.state, document=to_json(run)),
        **({"roles": {"S": json.dumps(roles)}} if roles else {}),
    }


def read_run(found: Item) -> Run:
    """The run of an item. Raises :class:`DamagedItemError` that names the field."""
    key = text(found, "pk")
    document, version = text(found, "document"), number(found, "version")
    try:
        roles = fields.decode(text(found, "roles").encode(), _texts) if "roles" in found else {}
        return from_json(document, key, version, roles)
    except DamagedError as error:
        raise DamagedItemError(key, str(error)) from error


def suspicions_item(suspicions: Sequence[Suspicion]) -> dict[str, Any]:
    """The item of what is suspicious; of what DynamoDB has no room for, every archive is.

    An item has 400 KB at most:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    written = [each.document for each in suspicions]
    document = json.dumps({"suspicions": written})
    if len(document) > _MOST_SUSPICION_CHARACTERS:
        written = [each | {"keys": None} for each in written]
        document = json.dumps({"suspicions": written})
    return item(SUSPICIONS, document=document)


def read_suspicions(found: Item) -> tuple[Suspicion, ...]:
    """The suspicions of an item. Raises :class:`DamagedItemError`."""
    document = text(found, "document").encode()
    try:
        return fields.decode(
            document, lambda each: tuple(fields.each(each, "suspicions", Suspicion.read))
        )
    except DamagedError as error:
        raise DamagedItemError(SUSPICIONS, str(error)) from error


def text(found: Item, name: str) -> str:
    """A text of an item. Raises :class:`DamagedItemError`."""
    value = _value(found, name, "S")
    if not value:
        raise _damaged(found, name, "is no text")
    return value


def number(found: Item, name: str) -> int:
    """A whole number of an item, from 0 on. Raises :class:`DamagedItemError`."""
    value = _value(found, name, "N")
    if not (value.isdecimal() and len(value) <= _DIGITS):
        raise _damaged(found, name, "is no whole number")
    return int(value)


def moment(found: Item, name: str) -> datetime:
    """A moment of an item. Raises :class:`DamagedItemError`."""
    try:
        return fields.moment({name: text(found, name)}, name)
    except DamagedError as error:
        raise _damaged(found, name, error.what) from error


def _value(found: Item, name: str, kind: str) -> str:
    typed = found.get(name)
    value = typed.get(kind) if isinstance(typed, Mapping) else None
    return value if isinstance(value, str) else ""


def _damaged(found: Item, name: str, what: str) -> DamagedItemError:
    return DamagedItemError(
        _value(found, "pk", "S"), f"{name} {what if name in found else 'is missing'}"
    )


def _texts(document: Fields) -> dict[str, str]:
    return {name: fields.text(document, name) for name in document}
