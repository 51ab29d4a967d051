"""How a run went, a line for each attempt. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.model.run import Attempt, Outcome, Run

_WITHOUT_INSTANCE = {
    Outcome.NO_CAPACITY: "no capacity",
    Outcome.REFUSED: "refused",
    Outcome.LOST: "the launcher was cut off",
}
_ENDED = {
    Outcome.TIMED_OUT: "timed out",
    Outcome.RECLAIMED: "reclaimed",
    Outcome.PAUSED: "paused",
    Outcome.LOST: "vanished",
    Outcome.FAILED: "failed",
}

_NO_CAPACITY = "pool"
"""An answer of this kind concerns one type in one zone, and its code is explanation enough."""


def attempt_lines(run: Run, now: datetime) -> list[str]:
    """One line for each attempt."""
    return [_attempt_line(attempt, now) for attempt in run.attempts]


def _attempt_line(attempt: Attempt, now: datetime) -> str:
    instance, done = attempt.instance, ""
    if attempt.listed is not None:
        done = f" with {attempt.done} of {attempt.listed} done"
    if not instance:
        if attempt.outcome in _WITHOUT_INSTANCE:
            why = _WITHOUT_INSTANCE[attempt.outcome]
            return f"attempt {attempt.number} got no instance: {why}"
        return f"attempt {attempt.number} ended{done}; its launch was not recorded"
    time = max((attempt.ended_at or now) - instance.launched_at, timedelta())
    price = f", {instance.price} USD/h" if instance.price else ""
    ended = _ENDED.get(attempt.outcome, "ended") if attempt.outcome else "ended"
    return (
        f"attempt {attempt.number} {ended} after {duration_text(time)}{done} "
        f"({instance.instance_type}, {instance.market}, {instance.zone}{price})"
        + (f": {attempt.problem}" if attempt.problem else "")
    )


def duration_text(time: timedelta) -> str:
    """A duration as text: hours and minutes, or minutes."""
    seconds = time / timedelta(seconds=1)
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def refusals(attempts: Iterable[Attempt]) -> list[str]:
    """All refused pools with AWS's code, one line for all zones and attempts with the same refusal.

    AWS's first message follows, unless it only says that there is no capacity.
    """
    rows: dict[tuple[str, str, str], tuple[list[str], list[int]]] = {}
    messages: dict[tuple[str, str, str], str] = {}
    for attempt in attempts:
        if attempt.outcome in (Outcome.NO_CAPACITY, Outcome.REFUSED):
            for answer in attempt.answers:
                key = (answer.market, answer.instance_type, answer.code)
                zones, numbers = rows.setdefault(key, ([], []))
                zones += [answer.zone] * (answer.zone not in zones)
                numbers += [attempt.number] * (attempt.number not in numbers)
                if answer.kind != _NO_CAPACITY and answer.message:
                    messages.setdefault(key, f": {answer.message}")
    return [
        f"{kind}, {market}: {code} ({_zones(zones)}"
        + (f"; attempts {', '.join(map(str, numbers))})" if len(numbers) > 1 else ")")
        + messages.get((market, kind, code), "")
        for (market, kind, code), (zones, numbers) in rows.items()
    ]


def _zones(names: list[str]) -> str:
    """The first zone in full, the others by their last letter: ``eu-central-1a, b, c``."""
    first, *others = sorted(names)
    return ", ".join([first, *(name.removeprefix(first[:-1]) for name in others)])
