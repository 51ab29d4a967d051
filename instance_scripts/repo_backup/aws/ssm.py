"""Systems Manager Parameter Store."""

from typing import TYPE_CHECKING, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
)

from backup_contract.aws_refusal import code_and_message
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.aws.session import session
from repo_backup.runtime.errors import (
    FatalError,
)

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def read_parameter(name: str) -> str:
    """The decrypted value of the SecureString parameter ``name``. Raises FatalError."""
    try:
        client = cast("SSMClient", session().create_client("ssm"))
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"]["Value"]
    except ClientError as error:
        detail = code_and_message(error.response)
        raise FatalError(f"the parameter {name} cannot be read: {detail}") from error
    except BotoCoreError as error:
        detail = tls_failure(error, "AWS_CA_BUNDLE") or one_line(str(error))
        raise FatalError(f"the parameter {name} cannot be read: {detail}") from error
