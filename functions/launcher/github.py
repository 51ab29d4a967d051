"""One question to GitHub before anything is spent: do these owners exist, is the token good?"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from shared.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

# https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_TIMEOUT = urllib3.Timeout(connect=3, read=5)


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub's API as the preflight needs it."""

    http: urllib3.PoolManager
    ssm: "SSMClient"
    api_url: str
    token_parameter: str
    log: Logger

    def check(self, owners: tuple[str, ...]) -> None:
        """Raise :class:`RefusedError` for an owner or a token that is definitely wrong.

        A malformed name is one; GitHub's 404 for an owner and its 401 for the token are. Any
        other trouble of GitHub's is only logged: it must never keep a scheduled backup from
        being tried.
        """
        if not owners:
            raise RefusedError(
                "GitHubOwner", "it is empty.", "Name the user or organisation to back up."
            )
        for owner in owners:
            if not _OWNER.fullmatch(owner):
                raise RefusedError(
                    "GitHubOwner",
                    f"{owner!r} is not a GitHub account name.",
                    "Give the name as in https://github.com/NAME, several separated by commas.",
                )
        token = self._token()
        for owner in owners:
            self._check_owner(owner, token)

    def _token(self) -> str:
        if not self.token_parameter:
            return ""
        try:
            answer = self.ssm.get_parameter(Name=self.token_parameter, WithDecryption=True)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("AccessDeniedException", "InvalidKeyId"):
                raise RefusedError(
                    "GitHubTokenKeyArn",
                    f"{self.token_parameter} cannot be decrypted ({code}).",
                    "Deploy with the ARN of the KMS key that encrypts it, or store it under "
                    "aws/ssm.",
                ) from error
            if code != "ParameterNotFound":
                raise
            raise RefusedError(
                "GitHubTokenParameter",
                f"there is no SSM parameter named {self.token_parameter}.",
                f"Run: aws ssm put-parameter --type SecureString --name {self.token_parameter} "
                "--value YOUR_TOKEN",
            ) from error
        return answer["Parameter"]["Value"].strip()

    def _check_owner(self, owner: str, token: str) -> None:
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "online-backup"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self.http.request(
                "GET",
                f"{self.api_url}/users/{owner}",
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            self.log.warning("GitHub could not be asked", extra={"problem": type(error).__name__})
            return
        if answer.status == 401 and token:
            raise RefusedError(
                "GitHubTokenParameter",
                f"GitHub rejects the token in {self.token_parameter} ({_message(answer.data)}).",
                "Create a new token and store it: aws ssm put-parameter --overwrite "
                f"--type SecureString --name {self.token_parameter} --value YOUR_TOKEN",
            )
        if answer.status == 404:
            raise RefusedError(
                "GitHubOwner",
                f"GitHub knows no account named {owner}.",
                "Correct the name and deploy again; it is the NAME of https://github.com/NAME.",
            )
        if answer.status != 200:
            self.log.warning("GitHub gave no answer of use", extra={"status": answer.status})


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "401"
