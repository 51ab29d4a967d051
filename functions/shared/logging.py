"""One structured logger per function; messages are constant, everything variable is a field."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """The function's logger; its service name and level come from Powertools' own variables."""
    return Logger(utc=True)
