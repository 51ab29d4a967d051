"""AWS's list prices for us-east-1, November 2026, in USD. Other regions differ by some percent.

Free allowances are not deducted: https://aws.amazon.com/ec2/pricing/on-demand/,
https://aws.amazon.com/ebs/pricing/, https://aws.amazon.com/vpc/pricing/,
https://aws.amazon.com/s3/pricing/
"""

from decimal import Decimal

INSTANCE_HOUR = Decimal("0.0363")
"""A c7g.medium on demand. Spot mostly costs a third to a half of it, so this is an upper bound."""
VOLUME_GIB_MONTH = Decimal("0.08")
PUBLIC_ADDRESS_HOUR = Decimal("0.005")
STORAGE_GIB_MONTH = Decimal("0.023")
PUT_REQUEST = Decimal("0.000005")
READ_REQUEST = Decimal("0.0000004")
"""GET and HEAD."""

MONTH_HOURS = 730
_GIB = 2**30


def storage_month(count: int) -> Decimal:
    """The cost in USD of storing this many bytes for a month."""
    return Decimal(count) / _GIB * STORAGE_GIB_MONTH
