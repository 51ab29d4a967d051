"""Where AWS's credentials and region come from."""

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session


def session() -> "Session":
    """A session that takes its region from where the AWS CLI takes it.

    botocore alone does not look at ``AWS_REGION``, and would ask in another region than the CLI.
    It is imported here: a third of the start of every command that asks AWS nothing.
    """
    from botocore.parsers import ResponseParserFactory
    from botocore.session import Session

    found = Session()
    factory: ResponseParserFactory = found.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=timestamp)
    if region := os.environ.get("AWS_REGION"):
        found.set_config_variable("region", region)
    return found


def timestamp(written: Any) -> datetime:
    """A time in an answer of AWS, as botocore reads it.

    S3 writes ``2026-11-30T17:20:00.000Z`` for every object of a listing. botocore lets dateutil
    guess the format of each, which takes a hundred times as long as to read this one.
    """
    from botocore.utils import parse_timestamp

    if isinstance(written, str) and written.endswith("Z") and written[10:11] == "T":
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            pass
    found: datetime = parse_timestamp(written)
    return found
