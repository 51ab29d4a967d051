"""Where AWS's credentials and region come from."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session


def session() -> "Session":
    """A session that takes its region from where the AWS CLI takes it.

    botocore alone does not look at ``AWS_REGION``, and would ask in another region than the CLI.
    It is imported here: a third of the start of every command that asks AWS nothing.
    """
    from botocore.session import Session

    found = Session()
    if region := os.environ.get("AWS_REGION"):
        found.set_config_variable("region", region)
    return found
