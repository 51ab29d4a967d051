"""The JSON document in which a run is stored, in its item of the run table. Pure.

The two functions are updated one after the other, and an update may be rolled back, so each reads
what an older or a newer version wrote. Names are never changed or removed. Known fields are
validated, unknown ones are ignored, and fields that earlier versions did not write may be missing.

The first versions, which had no such codec, refuse an attempt with an unknown field. So a newer
field of an attempt (:func:`role_ids`) is stored beside the document.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.moments import moment_of
from shared.model.run import Attempt, Instance, Market, Options, Outcome, Pool, PoolAnswer, Run

E = TypeVar("E", bound=StrEnum)

_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,15})?")
_ROLE_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_LAST_YEAR = 9000
"""Later times are refused: adding a duration to them could overflow."""
_MOST_WAKES = 10**6
_MOST_ATTEMPTS = 100


def to_json(run: Run) -> str:
    """The document, with times in ISO 8601. The item has the version and the role ids."""
    document: dict[str, Any] = _plain(asdict(run))
    del document["version"]
    for attempt in document["attempts"]:
        del attempt["role_id"]
    return json.dumps(document)


def role_ids(run: Run) -> dict[str, str]:
    """The id of the IAM role of each attempt's instance, by the attempt's number."""
    return {str(each.number): each.role_id for each in run.attempts if each.role_id}


def from_json(data: str, run_id: str, version: int, roles: Mapping[str, str]) -> Run:
    """Read a run from its document, and its id, version and roles from its item.

    Raises DamagedError that names the field.
    """
    run = fields.decode(data.encode(errors="surrogatepass"), _run)
    if run.id != run_id:
        raise DamagedError("id", "is that of another run")
    attempts = (_with_role(each, roles.get(str(each.number), "")) for each in run.attempts)
    return replace(run, version=version, attempts=tuple(attempts))


def _with_role(attempt: Attempt, beside: str) -> Attempt:
    """The attempt with the role id from beside the document. Some versions stored it inside."""
    role_id = beside or attempt.role_id
    if role_id and not _ROLE_ID.fullmatch(role_id):
        raise DamagedError(f"attempts[{attempt.number - 1}].role_id", "is not a role's id")
    return replace(attempt, role_id=role_id)


def _run(document: Fields) -> Run:
    return Run(
        id=_id(document, "id"),
        trigger=fields.text(document, "trigger"),
        created_at=_moment(document, "created_at"),
        options=fields.inside(document, "options", _options),
        attempts=_attempts(document),
        mail_lease_until=fields.nullable(_moment, document, "mail_lease_until"),
        verdict=fields.text_or_null(document, "verdict"),
        reported_at=fields.nullable(_moment, document, "reported_at"),
        wakes=_at_most(_MOST_WAKES, document, "wakes"),
    )


def _options(document: Fields) -> Options:
    return Options(
        only=tuple(fields.texts(document, "only")),
        full=fields.flag(document, "full"),
        on_demand=fields.flag(document, "on_demand"),
    )


def _attempts(document: Fields) -> tuple[Attempt, ...]:
    found = tuple(fields.each(document, "attempts", _attempt))
    if [each.number for each in found] != list(range(1, len(found) + 1)):
        raise DamagedError("attempts", "are not numbered from 1 on")
    if len(found) > _MOST_ATTEMPTS:
        raise DamagedError("attempts", f"has more than {_MOST_ATTEMPTS} entries")
    return found


def _attempt(document: Fields) -> Attempt:
    return Attempt(
        number=fields.count(document, "number"),
        started_at=_moment(document, "started_at"),
        deadline_at=_moment(document, "deadline_at"),
        pools=tuple(fields.each(document, "pools", _pool)),
        user_data=fields.text(document, "user_data"),
        answers=tuple(fields.each(document, "answers", _answer)),
        instance=fields.nullable(_instance, document, "instance"),
        outcome=fields.nullable(_outcome, document, "outcome"),
        problem=fields.text_or_null(document, "problem"),
        ended_at=fields.nullable(_moment, document, "ended_at"),
        warned_at=fields.nullable(_moment, document, "warned_at"),
        terminated_at=fields.nullable(_moment, document, "terminated_at"),
        done=fields.nullable(fields.count, document, "done"),
        listed=fields.nullable(fields.count, document, "listed"),
        role_id=fields.text_or_none(document, "role_id") or "",
    )


def _pool(document: Fields) -> Pool:
    return Pool(
        instance_type=fields.text(document, "instance_type"),
        subnet_id=fields.text(document, "subnet_id"),
        zone=fields.text(document, "zone"),
        market=_one_of(Market, document, "market"),
        image_id=fields.text(document, "image_id"),
        price=fields.nullable(_price, document, "price"),
    )


def _answer(document: Fields) -> PoolAnswer:
    return PoolAnswer(
        instance_type=fields.text(document, "instance_type"),
        zone=fields.text(document, "zone"),
        market=_one_of(Market, document, "market"),
        code=fields.text(document, "code"),
        kind=fields.text(document, "kind"),
        message=fields.text(document, "message"),
        subnet_id=fields.text_or_none(document, "subnet_id") or "",
    )


def _instance(document: Fields, name: str) -> Instance:
    def read(found: Fields) -> Instance:
        return Instance(
            id=fields.text(found, "id"),
            instance_type=fields.text(found, "instance_type"),
            zone=fields.text(found, "zone"),
            market=_one_of(Market, found, "market"),
            price=fields.nullable(_price, found, "price"),
            launched_at=_moment(found, "launched_at"),
        )

    return fields.inside(document, name, read)


def _outcome(document: Fields, name: str) -> Outcome:
    return _one_of(Outcome, document, name)


def _one_of(kind: type[E], document: Fields, name: str) -> E:
    found = fields.text(document, name)
    try:
        return kind(found)
    except ValueError as error:
        raise DamagedError(name, f"is not one of {', '.join(kind)}") from error


def _id(document: Fields, name: str) -> str:
    found = fields.text(document, name)
    try:
        moment_of(found)
    except ValueError as error:
        raise DamagedError(name, "is not a run id") from error
    return found


def _price(document: Fields, name: str) -> str:
    found = fields.text(document, name)
    if not _PRICE.fullmatch(found):
        raise DamagedError(name, "is not a price in USD")
    return found


def _moment(document: Fields, name: str) -> datetime:
    found = fields.moment(document, name)
    if found.year > _LAST_YEAR:
        raise DamagedError(name, f"is a date after {_LAST_YEAR}")
    return found


def _at_most(most: int, document: Fields, name: str) -> int:
    found = fields.count(document, name)
    if found > most:
        raise DamagedError(name, f"is more than {most}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
