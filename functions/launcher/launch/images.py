"""The newest Amazon Linux image of this region, from the public SSM parameters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backup_contract.aws_refusal import code_and_message
from shared.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli
_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"


@dataclass(frozen=True, slots=True)
class Images:
    """Looks up AMI ids by processor architecture."""

    client: "SSMClient"
    region: str

    def newest(self, architecture: str) -> str:
        """The AMI id of Amazon Linux 2023 for ``arm64`` or ``x86_64``.

        Raises :class:`RefusedError` in a region that has none.
        """
        name = _PARAMETER.format(architecture=architecture)
        try:
            return self.client.get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            raise RefusedError(
                "InstanceTypes",
                f"the region {self.region} has no Amazon Linux 2023 image for {architecture} "
                f"({code_and_message(error.response)}).",
                "Deploy the stack in another region, or list types of another architecture.",
            ) from error
