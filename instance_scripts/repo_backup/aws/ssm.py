"""The parameter store."""

from typing import TYPE_CHECKING, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
)

from repo_backup.aws.session import session
from repo_backup.runtime.errors import (
    FatalError,
)

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def read_parameter(name: str) -> str:
    """The SecureString parameter ``name`` of SSM's parameter store. Raises FatalError."""
    try:
        client = cast("SSMClient", session().create_client("ssm"))
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"]["Value"]
    except (BotoCoreError, ClientError) as error:
        raise FatalError(f"the parameter {name} cannot be read: {error}") from error
