"""Reads the reporter's trigger from an event. The facts are always looked up afterwards. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.moments import moment_of
from shared.errors import EventError


@dataclass(frozen=True, slots=True)
class Terminated:
    """EC2 reports that an instance has terminated; it can be any instance of this account."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """EC2 will reclaim an instance within two minutes."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Check this run: its deadline has passed, a recheck is due, or its launch failed."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Watchdog:
    """The daily check of the schedule, all unreported runs, and the dead letters."""


Trigger = Terminated | Interruption | RunEvent | Watchdog

_EC2: dict[str, type[Terminated | Interruption]] = {
    "EC2 Instance State-change Notification": Terminated,
    "EC2 Spot Instance Interruption Warning": Interruption,
}


def read_trigger(event: Mapping[str, Any]) -> Trigger:
    """The trigger in an event. Raises :class:`EventError` for an unknown one."""
    if not isinstance(event, Mapping):
        raise EventError("an event is a JSON object.")
    kind = _EC2.get(str(event.get("detail-type")))
    if kind:
        detail = event.get("detail")
        instance_id = detail.get("instance-id") if isinstance(detail, Mapping) else None
        if not isinstance(instance_id, str) or not instance_id:
            raise EventError("detail.instance-id: missing from an event of EC2.")
        return kind(instance_id)
    match event.get("trigger"):
        case "deadline" | "recheck" | "launch-failed":
            try:
                moment_of(str(event.get("run_id")))
            except ValueError as error:
                raise EventError(f"run_id: {error}.") from error
            return RunEvent(str(event["run_id"]))
        case "watchdog":
            return Watchdog()
    raise EventError(
        "trigger: the reporter knows deadline, recheck, launch-failed and watchdog, and the "
        f"events of EC2, not {event.get('trigger')!r}. To start a backup, invoke the launcher."
    )
