"""Reads settings that are too long for a function's environment from SSM parameters of the stack.

Lambda allows 4 KB for all environment variables, CloudFormation 4 KB for each parameter. The
variable ``SETTINGS`` names the SSM parameters. Their values have the form
``GITHUB_OWNERS=octocat``, because SSM does not allow empty values.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig

from shared.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MOST_NAMES = 10
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""


@cache
def settings_client() -> "SSMClient":
    """A client that retries long enough for SSM's limit of 40 requests per second and account.

    The reporter is invoked for each instance of the account that ends, in the worst case for a
    thousand at once.
    """
    retrying = ClientConfig(retries={"mode": "standard", "total_max_attempts": 10})
    return boto3.client("ssm", config=retrying)


def with_stored(
    variables: Mapping[str, str], client: Callable[[], "SSMClient"]
) -> Mapping[str, str]:
    """The variables and the settings that they refer to. Calls ``client`` only if there are any.

    Raises :class:`ConfigError` that lists each SSM parameter that is missing or malformed.
    """
    names = [name for name in variables.get("SETTINGS", "").split(",") if name]
    if not names:
        return variables
    return {**variables, **dict(_read(client(), names))}


def _read(client: "SSMClient", names: list[str]) -> Iterator[tuple[str, str]]:
    lacking: list[str] = []
    for first in range(0, len(names), MOST_NAMES):
        answer = client.get_parameters(Names=names[first : first + MOST_NAMES])
        lacking += answer.get("InvalidParameters", [])
        for each in answer["Parameters"]:
            name, separator, value = each["Value"].partition("=")
            if separator:
                yield name, value
            else:
                lacking.append(each["Name"])
    if lacking:
        raise ConfigError(
            f"SSM parameters of the stack are missing or were changed by hand: "
            f"{', '.join(sorted(lacking))}. Store each again, with its variable's name before the "
            "value: aws ssm put-parameter --overwrite --type String --name "
            "/online-backup/STACK/VARIABLE --value VARIABLE=VALUE"
        )
