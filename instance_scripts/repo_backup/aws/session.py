"""The AWS session: credentials, region, and how times are parsed."""

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session


def session() -> "Session":
    """A session with the region that the AWS CLI would use.

    botocore alone ignores ``AWS_REGION``. It is imported here because the import would take a third
    of the start-up time of commands that do not use AWS.
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
    """A time in a response of AWS, parsed as botocore would.

    S3 sends ``2026-11-30T17:20:00.000Z`` for every object of a listing. botocore lets dateutil
    guess each format, which takes a hundred times as long as parsing this one.
    """
    from botocore.utils import parse_timestamp

    if isinstance(written, str) and written.endswith("Z") and written[10:11] == "T":
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            pass
    found: datetime = parse_timestamp(written)
    return found
