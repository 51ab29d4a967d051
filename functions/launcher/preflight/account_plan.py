"""Judges the account's plan: AWS closes an account on the free plan, with all backups in it. Pure.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
"""

from dataclasses import dataclass
from datetime import datetime

from launcher.preflight.findings import Finding, Grade

_MEANING = (
    "AWS closes the account six months after it was opened or when its credits are used up, and "
    "deletes its contents, every backup among them, 90 days later. Upgrade to the paid plan "
    "(console: Billing and Cost Management, Upgrade plan); remaining credits are kept"
)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """``kind`` is ``FREE`` or ``PAID``, ``status`` ``NOT_STARTED``, ``ACTIVE`` or ``EXPIRED``.

    ``expires_at`` is when AWS closes an account on the free plan, or None if AWS does not say.
    """

    kind: str
    status: str
    expires_at: datetime | None = None


def plan(found: AccountPlan | None, now: datetime) -> Finding:
    """The finding about the account's plan; None: AWS has no plan for this account."""
    if found is None:
        return Finding("plan", Grade.OK, "none known to AWS: the account is not on the free plan")
    if found.kind != "FREE":
        return Finding("plan", Grade.OK, "paid: the account stays")
    if found.status == "EXPIRED" or (found.expires_at and found.expires_at <= now):
        return Finding("plan", Grade.ACTION_NEEDED, f"the free plan has ended. {_MEANING}")
    until = f" until {found.expires_at:%Y-%m-%d}" if found.expires_at else ""
    return Finding("plan", Grade.ACTION_NEEDED, f"the free plan{until}: then {_MEANING}")
