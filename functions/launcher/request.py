"""Reads the launcher's request from an event. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backup_contract.moments import moment_of, run_id_of
from shared.errors import EventError
from shared.model.run import Options

MANUAL = {
    "dry_run": (bool, "checks everything, AWS's own DryRun included, and launches nothing"),
    "only": (list, "backs up only repositories whose names match one of these patterns"),
    "full": (bool, "fetches everything again, unchanged repositories included"),
    "on_demand": (bool, "uses an on-demand instance, which AWS does not reclaim"),
}
"""The fields of a manual event, by name: their type, and what they do."""
_EXAMPLE = (
    '{}, {"dry_run": true}, {"only": ["name*"]}, {"full": true}, {"on_demand": true} '
    'or {"action": "check"}'
)


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """A request to launch this attempt of this run.

    ``trigger`` is ``schedule``, ``manual`` or ``retry``.
    """

    run_id: str
    attempt: int
    trigger: str
    options: Options = field(default_factory=Options)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A request to check that everything is in order. Launches nothing."""


def read_request(event: Mapping[str, Any], now: datetime) -> LaunchRequest | CheckRequest:
    """The request in an event of the schedule, a cron rule, the reporter (a retry) or a person.

    The id of a scheduled run is the time when it was due, so that a second delivery of the event
    finds the same run.
    Raises :class:`EventError` that names the field and the remedy.
    """
    if not isinstance(event, Mapping):
        raise EventError(f"an event is a JSON object, such as {_EXAMPLE}.")
    if event.get("detail-type") == "Scheduled Event":
        return LaunchRequest(_scheduled_run_id(event.get("time"), "time"), 1, "schedule")
    if event.get("trigger") == "schedule":
        return LaunchRequest(
            _scheduled_run_id(event.get("scheduled_time"), "scheduled_time"), 1, "schedule"
        )
    if event.get("trigger") == "retry":
        return _retry(event)
    if "action" in event:
        return _action(event)
    return _manual(event, now)


def _scheduled_run_id(text: Any, field: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return run_id_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(
            f"{field}: not an ISO 8601 time: {text!r}. The schedule's input must contain "
            "<aws.scheduler.scheduled-time>."
        ) from error


def _retry(event: Mapping[str, Any]) -> LaunchRequest:
    run_id, attempt = event.get("run_id"), event.get("attempt")
    try:
        moment_of(str(run_id))
    except ValueError as error:
        raise EventError(f"run_id: {error}. Use the run id in the mail.") from error
    if type(attempt) is not int or attempt < 1:
        raise EventError(f"attempt: not a whole number above 0: {attempt!r}.")
    return LaunchRequest(str(run_id), attempt, "retry")


def _action(event: Mapping[str, Any]) -> CheckRequest:
    if event["action"] != "check":
        raise EventError(f'action: expected "check", got {event["action"]!r}.')
    if others := sorted(set(event) - {"action"}):
        raise EventError(f"{others[0]}: a check takes no other field.")
    return CheckRequest()


def _manual(event: Mapping[str, Any], now: datetime) -> LaunchRequest:
    for name, value in event.items():
        if name not in MANUAL:
            raise EventError(f"{name}: unknown field. A manual event is {_EXAMPLE}.")
        expected, _ = MANUAL[name]
        if type(value) is not expected:
            kind = "true or false" if expected is bool else "a list of name patterns"
            raise EventError(f"{name}: expected {kind}, got {value!r}.")
    only = event.get("only", [])
    if not all(isinstance(pattern, str) and pattern.strip() for pattern in only):
        raise EventError(f'only: expected name patterns like ["name*"], got {only!r}.')
    options = Options(tuple(only), event.get("full", False), event.get("on_demand", False))
    return LaunchRequest(run_id_of(now), 1, "manual", options, event.get("dry_run", False))
