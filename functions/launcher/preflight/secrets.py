"""Reads the secret for GitHub, a token or an App's private key, from Parameter Store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backup_contract.app_jwt import PrivateKey, PrivateKeyError
from backup_contract.aws_refusal import code_and_message
from shared.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_KEY_WORDS = ("kms", "invalidkeyid", "ciphertext", "master key")
"""With these words SSM's AccessDeniedException is about the KMS key and not the parameter:
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html"""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reads the secrets. A parameter's name is empty if it is not configured."""

    ssm: "SSMClient"
    token_parameter: str
    app_key_parameter: str

    def token(self) -> str:
        """The token; empty without a parameter. Raises :class:`RefusedError`."""
        if not self.token_parameter:
            return ""
        token = self._read("GitHubTokenParameter", self.token_parameter, "YOUR_TOKEN")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise RefusedError(
                "GitHubTokenParameter",
                f"what is stored in {self.token_parameter} has blanks or line breaks in it.",
                _store(self.token_parameter, "YOUR_TOKEN"),
            )
        return token

    def app_key(self) -> PrivateKey:
        """The App's private key. Raises :class:`RefusedError`."""
        name, example = self.app_key_parameter, "file://KEY.pem"
        text = self._read("GitHubAppKeyParameter", name, example)
        try:
            return PrivateKey.from_pem(text)
        except PrivateKeyError as error:
            raise RefusedError(
                "GitHubAppKeyParameter",
                f"what is stored in {name} is not the App's private key: {error}.",
                _store(name, example),
            ) from error

    def _read(self, parameter: str, name: str, example: str) -> str:
        try:
            answer = self.ssm.get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("AccessDeniedException", "InvalidKeyId"):
                raise _denied(parameter, name, error) from error
            if code != "ParameterNotFound":
                raise
            raise RefusedError(
                parameter,
                f"there is no SSM parameter named {name} ({code_and_message(error.response)}).",
                f"Run: aws ssm put-parameter --type SecureString --name {name} --value {example}",
            ) from error
        return answer["Parameter"]["Value"].strip()


def _denied(parameter: str, name: str, error: ClientError) -> RefusedError:
    """The refusal with AWS's message, and a remedy if it is about the KMS key."""
    detail = code_and_message(error.response)
    if not any(word in detail.lower() for word in _KEY_WORDS):
        return RefusedError(parameter, f"{name} cannot be read ({detail}).", "")
    return RefusedError(
        "GitHubTokenKeyArn",
        f"{name} cannot be decrypted ({detail}).",
        "Deploy with the ARN of the KMS key that encrypts it, or store it under aws/ssm.",
    )


def _store(name: str, example: str) -> str:
    return (
        "Store it again: aws ssm put-parameter --overwrite --type SecureString "
        f"--name {name} --value {example}"
    )
