"""Turns the preflight's facts into findings: one line for each check, with its remedy. Pure.

Every function takes plain facts and returns a :class:`Finding`. Remedies are commands that can
be pasted; they contain no double quote, which the JSON of the Lambda console would escape.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from backup_contract.documents.launcher_answer import OK, CheckAnswer
from backup_contract.judgement.schedule import Rate, ScheduleError, parse
from backup_contract.text import one_line
from launcher.preflight.github_rights import AccessReport, access_text
from shared.model.run import Run

NEXT_TIMES = 5
_ENDED_WELL = ("verified", "partial")


class Grade(StrEnum):
    """The result of a check. ``note`` is worth knowing, ``unknown`` could not be checked."""

    OK = "ok"
    NOTE = "note"
    ACTION_NEEDED = "action needed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the preflight. ``reason`` is the fact and, if action is needed, the remedy."""

    check: str
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber of the mails; ``confirmed`` after following AWS's link."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class EgressRoute:
    """A subnet's route to the internet. ``gateway`` is an id such as ``igw-…``, or empty."""

    subnet_id: str
    gateway: str


@dataclass(frozen=True, slots=True)
class Quota:
    """One of EC2's vCPU quotas: ``allowed`` at once, of which the smallest wanted type takes
    ``need``.

    ``refusal`` is EC2's error code when the quota is reached.
    """

    code: str
    market: str
    refusal: str
    allowed: int
    need: int


def github(
    notes: Sequence[str],
    seen: Sequence[AccessReport],
    owners: Sequence[str],
    limits: Sequence[str] = (),
    *,
    anonymous: bool,
) -> Finding:
    """What GitHub shows of the owners. If that is nothing, no run can back anything up.

    Hidden repositories are not backed up, so each of ``limits`` needs action.
    """
    if seen and all(each.nothing for each in seen):
        remedy = (
            "store a token that sees the private ones and name it in GitHubTokenParameter"
            if anonymous
            else "give the token access to them"
        )
        message = (
            f"no repository of {', '.join(owners)} is visible: nothing would be backed up; {remedy}"
        )
        return Finding("GitHub", Grade.ACTION_NEEDED, "; ".join((message, *notes)))
    counts = [access_text(each) for each in seen if each.public is not None]
    if not (counts or notes or limits):
        counts = [", ".join(owners)]
    message = "; ".join((*counts, *limits, *notes))
    if limits:
        return Finding("GitHub", Grade.ACTION_NEEDED, message)
    wanting = [each.owner for each in seen if each.nothing]
    return Finding("GitHub", Grade.NOTE if notes or wanting else Grade.OK, message)


def mail(subscribers: Sequence[Subscriber], topic_arn: str, region: str) -> Finding:
    """Whether mails reach anybody. Without a subscriber nobody would notice."""
    subscribe = f"aws sns subscribe --region {region} --topic-arn {topic_arn} --protocol email"
    pending = [each for each in subscribers if not each.confirmed]
    confirmed = [each for each in subscribers if each.confirmed]
    if pending:
        names = ", ".join(each.endpoint for each in pending)
        return Finding(
            "mail",
            Grade.NOTE if confirmed else Grade.ACTION_NEEDED,
            f"{names} has not confirmed, so no mail arrives there: follow the link in AWS's mail. "
            f"To get it again: {subscribe} --notification-endpoint {pending[0].endpoint}",
        )
    if not confirmed:
        return Finding(
            "mail",
            Grade.ACTION_NEEDED,
            f"nobody is subscribed: {subscribe} --notification-endpoint YOUR_ADDRESS",
        )
    return Finding("mail", Grade.OK, ", ".join(each.endpoint for each in confirmed))


def types(wanted: Sequence[str], offered: Collection[str]) -> Finding:
    """Which of the wanted types the region offers; at least one."""
    lacking = [kind for kind in wanted if kind not in offered]
    if not lacking:
        return Finding("types", Grade.OK, f"all {len(wanted)} are offered here")
    message = f"this region does not offer {', '.join(lacking)}; that leaves {', '.join(offered)}"
    return Finding("types", Grade.NOTE, message)


def spot_role(*, exists: bool) -> Finding:
    """Whether the account's service-linked role for spot instances exists."""
    if exists:
        return Finding("spot role", Grade.OK, "the account may use spot instances")
    return Finding(
        "spot role",
        Grade.NOTE,
        "does not exist yet; the first launch creates it. If that is not allowed: "
        "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
    )


def network(egress_routes: Sequence[EgressRoute], *, public_address: bool) -> Finding:
    """Whether an instance in each subnet can reach GitHub and S3."""
    cut_off = [route.subnet_id for route in egress_routes if not route.gateway]
    hidden = [
        route.subnet_id
        for route in egress_routes
        if route.gateway.startswith("igw-") and not public_address
    ]
    if cut_off:
        return Finding(
            "network",
            Grade.ACTION_NEEDED if len(cut_off) == len(egress_routes) else Grade.NOTE,
            f"{', '.join(cut_off)}: no route to the internet. Deploy with SubnetIds that have "
            "one, or add it: aws ec2 create-route --destination-cidr-block 0.0.0.0/0 "
            "--route-table-id TABLE --gateway-id GATEWAY",
        )
    if hidden:
        return Finding(
            "network",
            Grade.ACTION_NEEDED,
            f"{', '.join(hidden)}: the route leads to an internet gateway, which serves public "
            "addresses only. Deploy with AssignPublicIp=true, or subnets behind a NAT gateway.",
        )
    through = ", ".join(sorted({route.gateway for route in egress_routes}))
    return Finding("network", Grade.OK, f"{len(egress_routes)} subnets, internet through {through}")


def quota(found: Quota, region: str) -> Finding:
    """Whether the quota is enough for the smallest wanted type if nothing else runs."""
    check = f"quota {found.market}"
    if found.allowed >= found.need:
        return Finding(
            check, Grade.OK, f"{found.allowed} vCPUs at once, the smallest type takes {found.need}"
        )
    return Finding(
        check,
        Grade.ACTION_NEEDED,
        f"{found.allowed} vCPUs at once, but the smallest type takes {found.need} "
        f"({found.refusal}): aws service-quotas request-service-quota-increase --region {region} "
        f"--service-code ec2 --quota-code {found.code} --desired-value {max(4, found.need)}",
    )


def schedule(expression: str, timezone: str, state: str, now: datetime) -> Finding:
    """The next run times in the schedule's time zone."""
    if state != "ENABLED":
        return Finding(
            "schedule",
            Grade.NOTE,
            "switched off, only manual runs: deploy with ScheduleState=ENABLED",
        )
    try:
        known = parse(expression, timezone)
    except ScheduleError:
        return Finding(
            "schedule",
            Grade.NOTE,
            f"{expression} cannot be evaluated here, although AWS accepts it; a run counts as "
            "missed after MaxAgeDays",
        )
    if isinstance(known, Rate):
        days = known.every.total_seconds() / 86400
        return Finding(
            "schedule",
            Grade.OK,
            f"every {days:g} days, counted from the time of deployment; only AWS knows the hour",
        )
    times = known.after(now, NEXT_TIMES)
    if not times:
        return Finding(
            "schedule",
            Grade.ACTION_NEEDED,
            f"{expression} is never due again: deploy with another ScheduleExpression",
        )
    zone = ZoneInfo(timezone)
    shown = ", ".join(f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in times)
    return Finding("schedule", Grade.OK, f"{shown} ({timezone})")


def dead_letters(count: int, queue_url: str, region: str) -> Finding:
    """Whether there are events that could not be processed."""
    if count == 0:
        return Finding("dead letters", Grade.OK, "none")
    queue = f"--region {region} --queue-url {queue_url}"
    return Finding(
        "dead letters",
        Grade.ACTION_NEEDED,
        f"{count} events could not be processed. Read them: aws sqs receive-message {queue} "
        f"--max-number-of-messages 10; then remove them: aws sqs purge-queue {queue}",
    )


def last_run(run: Run | None) -> Finding:
    """The verdict of the newest run."""
    if run is None:
        return Finding("last run", Grade.NOTE, "none yet: invoke the launcher with {}")
    if run.verdict is None:
        return Finding("last run", Grade.OK, f"{run.id} is under way: {run.state}")
    if run.verdict not in _ENDED_WELL:
        return Finding(
            "last run",
            Grade.ACTION_NEEDED,
            f"{run.id} ended {run.verdict}: its mail says what to do",
        )
    only = " ".join(run.options.only)
    grade = Grade.OK if run.verdict == "verified" and not only else Grade.NOTE
    narrowed = f", narrowed to {only}: it says nothing about the others" if only else ""
    return Finding("last run", grade, f"{run.id} {run.verdict}{narrowed}")


def answer(findings: Iterable[Finding]) -> CheckAnswer:
    """The preflight's answer as the Lambda console shows it: one line for each check, in order."""
    found = list(findings)
    urgent = [each.check for each in found if each.grade is Grade.ACTION_NEEDED]
    unknown = [each.check for each in found if each.grade is Grade.UNKNOWN]
    return CheckAnswer(
        status="mend" if urgent else "unknown" if unknown else OK,
        summary=_summary(len(found), urgent, unknown),
        checks={each.check: one_line(f"{each.grade}: {each.reason}", None) for each in found},
    )


def _summary(count: int, urgent: Sequence[str], unknown: Sequence[str]) -> str:
    parts = [f"action needed: {', '.join(urgent)}"] if urgent else []
    parts += [f"could not be checked: {', '.join(unknown)}"] if unknown else []
    return "; ".join(parts) or f"all {count} checks are in order"
