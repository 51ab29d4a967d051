"""The items of the run table: their keys and attributes. Pure.

All kinds of item share the key ``pk``. A run's key is its id, which begins with a digit; all other
keys begin with a letter. Each item is validated when it is read, so that a damaged one affects no
other.
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
"""How long items are kept: late events must find their run, and the watchdog the last run of a
yearly schedule."""

LAST_REPORTED = "last-reported"
"""``run_id``: the latest reported run with a complete manifest. ``accepted``: the latest accepted
run, see :class:`shared.aws.run_table.Reported`. ``verified_at``: the time of the latest report, if
it called a run of everything verified."""
LAST_VERIFIED = "last-verified"
"""``at``: when a report last called a run of everything verified."""
SUSPICIONS = "suspicions"
"""``document``: the suspicions that nobody has acknowledged, in the form of ``report.json``."""
LAUNCHING = "launching"
"""``run_id``, ``until``: until then this run may have an instance that is not recorded yet."""
REPORTED_DEAD_LETTERS = "dead-letters-told"
"""``count``: the number of dead letters in the last mail about them."""

_DIGITS = 15
_MOST_SUSPICION_CHARACTERS = 300_000

Item = Mapping[str, Any]
"""An item in DynamoDB's JSON: ``{"pk": {"S": "…"}, "version": {"N": "1"}}``."""


def request_key(request_id: str) -> str:
    """The key of ``run_id``: the run that this request to the launcher began."""
    return f"request#{request_id}"


def instance_key(instance_id: str) -> str:
    """The key of ``run_id`` and ``attempt``: what this instance was launched for."""
    return f"instance#{instance_id}"


def damage_key(run_id: str) -> str:
    """The key of ``problem``: what a mail reported as wrong with a run's item."""
    return f"damage-told#{run_id}"


def item(key: str, keep_from: datetime | None = None, **values: str | int) -> dict[str, Any]:
    """An item of texts and integers. It expires :data:`KEEP` after ``keep_from``; None: never."""
    expiry = {"expires_at": int((keep_from + KEEP).timestamp())} if keep_from else {}
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in {"pk": key, **values, **expiry}.items()
    }


def run_item(run: Run) -> dict[str, Any]:
    """The item of a run, including its version."""
    roles = role_ids(run)
    return {
        **item(run.id, run.created_at, version=run.version, state=run.state, document=to_json(run)),
        **({"roles": {"S": json.dumps(roles)}} if roles else {}),
    }


def read_run(found: Item) -> Run:
    """Read the run in an item. Raises :class:`DamagedItemError` that names the field."""
    key = text(found, "pk")
    document, version = text(found, "document"), number(found, "version")
    try:
        roles = fields.decode(text(found, "roles").encode(), _texts) if "roles" in found else {}
        return from_json(document, key, version, roles)
    except DamagedError as error:
        raise DamagedItemError(key, str(error)) from error


def suspicions_item(suspicions: Sequence[Suspicion]) -> dict[str, Any]:
    """The item of the open suspicions.

    An item has at most 400 KB. If the keys of the archives do not fit, each suspicion covers all
    archives: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    written = [each.document for each in suspicions]
    document = json.dumps({"suspicions": written})
    if len(document) > _MOST_SUSPICION_CHARACTERS:
        written = [each | {"keys": None} for each in written]
        document = json.dumps({"suspicions": written})
    return item(SUSPICIONS, document=document)


def read_suspicions(found: Item) -> tuple[Suspicion, ...]:
    """Read the suspicions in an item. Raises :class:`DamagedItemError`."""
    document = text(found, "document").encode()
    try:
        return fields.decode(
            document, lambda each: tuple(fields.each(each, "suspicions", Suspicion.read))
        )
    except DamagedError as error:
        raise DamagedItemError(SUSPICIONS, str(error)) from error


def text(found: Item, name: str) -> str:
    """Read a text that is not empty. Raises :class:`DamagedItemError`."""
    value = _value(found, name, "S")
    if not value:
        raise _damaged(found, name, "is not a text")
    return value


def number(found: Item, name: str) -> int:
    """Read an integer that is not negative. Raises :class:`DamagedItemError`."""
    value = _value(found, name, "N")
    if not (value.isdecimal() and len(value) <= _DIGITS):
        raise _damaged(found, name, "is not a whole number")
    return int(value)


def moment(found: Item, name: str) -> datetime:
    """Read a time in ISO 8601. Raises :class:`DamagedItemError`."""
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
