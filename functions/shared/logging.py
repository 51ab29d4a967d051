"""One structured logger per function. Messages are constant; variable data goes into fields."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """The function's logger. Powertools' environment variables set its service name and level."""
    return Logger(utc=True)
