"""The action ``check`` as a test asks for it."""

import json
from pathlib import Path

import pytest

from tests.integration.functions.world import World

CHECK = json.loads((Path(__file__).parents[3] / "events/manual_check.json").read_text())


def open_way_out(world: World) -> None:
    """An internet gateway in the default VPC, as every real one has."""
    ec2 = world.aws.client("ec2")
    (table,) = ec2.describe_route_tables()["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=table["VpcId"])
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=gateway,
    )


def lines(world: World) -> dict[str, str]:
    checks: dict[str, str] = world.invoke("launcher", CHECK)["checks"]
    return checks


def give_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack have octo's token."""
    world.aws.client("ssm").put_parameter(Name="/t", Value="good", Type="SecureString")
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", "/t")
