"""Computes when a schedule was and will be due, for the daily check and the preflight. Pure.

Understands EventBridge Scheduler's ``cron()`` and ``rate()``:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {
    **{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6},
    **{"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12},
}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HORIZON_DAYS = 366 * 5
"""How far to search for a date. Leap days are at most eight years apart."""


_MOST_CHARACTERS = 256
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""


class ScheduleError(ValueError):
    """An expression that this module does not understand. AWS may understand it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A fixed interval, counted from a moment that only AWS knows."""

    every: timedelta


@dataclass(frozen=True, slots=True)
class Cron:
    """Six fields, as predicates on a day and as times of the day, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    on_day: tuple[Callable[[date], bool], ...]
    zone: ZoneInfo

    def before(self, moment: datetime) -> datetime | None:
        """The latest due time at or before the moment, in UTC; None if there is none for years."""
        first = moment.astimezone(self.zone).date()
        days = (first - timedelta(days=n) for n in range(-1, _HORIZON_DAYS))
        return next((at for at in self._times(days, reverse=True) if at <= moment), None)

    def twins(self, moment: datetime) -> tuple[datetime, ...]:
        """The moment and, if the clocks repeat its hour in autumn, its repetition, in UTC."""
        local = moment.astimezone(self.zone)
        both = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return tuple(dict.fromkeys(both))

    def after(self, moment: datetime, count: int = 1) -> list[datetime]:
        """The next due times after the moment, in UTC."""
        first = moment.astimezone(self.zone).date()
        days = (first + timedelta(days=n) for n in range(-1, _HORIZON_DAYS))
        return list(islice((at for at in self._times(days) if at > moment), count))

    def _times(self, days: Iterator[date], *, reverse: bool = False) -> Iterator[datetime]:
        clock = sorted(
            (time(hour, minute) for hour in self.hours for minute in self.minutes), reverse=reverse
        )
        for day in days:
            if all(fits(day) for fits in self.on_day):
                for at in clock:
                    local = datetime.combine(day, at, self.zone)
                    moment = local.astimezone(UTC)
                    # A time that the clocks skip in spring is not due at all.
                    if moment.astimezone(self.zone).replace(tzinfo=None) == local.replace(
                        tzinfo=None
                    ):
                        yield moment


def parse(expression: str, timezone: str) -> Cron | Rate:
    """Parse an expression. Raises :class:`ScheduleError`."""
    if len(expression) > _MOST_CHARACTERS:
        raise ScheduleError(f"it has more than {_MOST_CHARACTERS} characters")
    if rate := _RATE.fullmatch(expression.strip()):
        try:
            return Rate(timedelta(**{f"{rate[2]}s": int(rate[1])}))
        except OverflowError as error:
            raise ScheduleError(f"not understood: {expression!r}") from error
    fields = expression.strip().removeprefix("cron(").removesuffix(")").upper().split()
    if not expression.strip().startswith("cron(") or len(fields) != 6:
        raise ScheduleError(f"not understood: {expression!r}")
    minute, hour, day, month, weekday, year = fields
    months = _numbers(month, 1, 12, _MONTHS)
    years = _numbers(year, 1970, 2199, {})
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"unknown time zone: {timezone!r}") from error
    return Cron(
        _numbers(minute, 0, 59, {}),
        _numbers(hour, 0, 23, {}),
        (
            lambda d: d.month in months and d.year in years,
            _day_of_month(day),
            _day_of_week(weekday),
        ),
        zone,
    )


def _day_of_month(field: str) -> Callable[[date], bool]:
    if field == "?":
        return lambda _: True
    if field == "L":
        return lambda d: d.day == _last_day(d)
    if nearest := re.fullmatch(r"(\d{1,2})W", field):
        _numbers(nearest[1], 1, 31, {})
        return lambda d: d.day == _nearest_weekday(d, int(nearest[1]))
    days = _numbers(field, 1, 31, {})
    return lambda d: d.day in days


def _day_of_week(field: str) -> Callable[[date], bool]:
    if field == "?":
        return lambda _: True
    if nth := re.fullmatch(r"(\w+)#([1-5])", field):
        (wanted,) = _numbers(nth[1], 1, 7, _WEEKDAYS)
        return lambda d: _weekday(d) == wanted and (d.day - 1) // 7 + 1 == int(nth[2])
    if last := re.fullmatch(r"([1-7]|[A-Z]{3})L", field):
        (wanted,) = _numbers(last[1], 1, 7, _WEEKDAYS)
        return lambda d: _weekday(d) == wanted and d.day > _last_day(d) - 7
    days = _numbers(field, 1, 7, _WEEKDAYS)
    return lambda d: _weekday(d) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _last_day(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, number: int) -> int:
    if number > _last_day(day):
        return 0
    weekday = day.replace(day=number).isoweekday()
    if weekday == 6:
        return number - 1 if number > 1 else number + 2
    if weekday == 7:
        return number + 1 if number < _last_day(day) else number - 2
    return number


def _numbers(field: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    """The numbers that a field names: ``*``, ``1,3``, ``MON-FRI``, ``0/15``, ``10-20/5``."""

    def number(word: str) -> int:
        value = names.get(word) or (int(word) if word.isascii() and word.isdigit() else -1)
        if not least <= value <= most:
            raise ScheduleError(f"{word!r} is not within {least} to {most}")
        return value

    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = least if first == "*" else number(first)
        high = number(last) if dash else most if first == "*" or step else low
        if step and not (step.isascii() and step.isdigit() and int(step)):
            raise ScheduleError(f"{step!r} is no step")
        # A range may wrap round, as in FRI-MON.
        span_numbers = (
            range(low, high + 1)
            if low <= high
            else [*range(low, most + 1), *range(least, high + 1)]
        )
        found.update(span_numbers[:: int(step or 1)])
    return frozenset(found)
