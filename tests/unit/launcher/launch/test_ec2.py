"""What EC2 did not say leaves a launch open: the same question is put again."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from launcher.launch.ec2 import Ec2, InstanceSettings
from launcher.launch.refusals import Kind
from shared.model.run import Market, Pool

POOL = Pool("c7g.medium", "subnet-a", "eu-1a", Market.SPOT, "ami-1")
SETTINGS = InstanceSettings("sg-1", "arn", "", "", 16, True, {})


@pytest.mark.parametrize(
    "silence", [ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError]
)
def test_an_ec2_that_is_not_reached_or_does_not_answer_is_asked_again(silence: Any) -> None:
    class Silent:
        def run_instances(self, **_: Any) -> None:
            raise silence(endpoint_url="https://ec2", error="no route")

    client: Any = Silent()
    answer: Any = Ec2(client, client)._run(POOL, "token", SETTINGS, "")
    assert (answer.kind, answer.code) == (Kind.AMBIGUOUS, silence.__name__)
