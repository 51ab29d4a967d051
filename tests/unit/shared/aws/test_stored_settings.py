"""What is too long for a function's environment comes from the stack's SSM parameters."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from shared.aws.stored_settings import MOST_NAMES, with_stored
from shared.errors import ConfigError


def ssm() -> tuple[Any, Stubber]:
    client = boto3.client(
        "ssm",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return client, Stubber(client)


def names(count: int) -> list[str]:
    return [f"/online-backup/stack/V{number}" for number in range(count)]


def answer(wanted: list[str], **values: str) -> dict[str, Any]:
    lines = {name: f"{name.rsplit('/')[-1]}=value" for name in wanted} | values
    return {"Parameters": [{"Name": n, "Value": v} for n, v in lines.items()]}


def test_an_environment_that_names_no_settings_is_taken_as_it_is() -> None:
    def no_client() -> Any:
        raise AssertionError("nothing is to be asked")

    variables = {"GITHUB_OWNERS": "octo", "SETTINGS": ""}
    assert with_stored(variables, no_client) == variables


def test_each_setting_is_a_line_of_the_environment_however_many_there_are() -> None:
    client, stub = ssm()
    wanted = names(MOST_NAMES + 1)
    for asked in (wanted[:MOST_NAMES], wanted[MOST_NAMES:]):
        stub.add_response("get_parameters", answer(asked), {"Names": asked})
    with stub:
        found = with_stored({"A": "b", "SETTINGS": ",".join(wanted)}, lambda: client)
    assert found["A"] == "b"
    assert [found[f"V{number}"] for number in range(MOST_NAMES + 1)] == ["value"] * 11
    stub.assert_no_pending_responses()


def test_an_empty_value_and_one_with_equals_signs_come_through() -> None:
    client, stub = ssm()
    first, second = names(2)
    stub.add_response(
        "get_parameters",
        answer([], **{first: "KNOWN_FAILURES=", second: "BACKUP_OPTIONS=--jobs=4"}),
    )
    with stub:
        found = with_stored({"SETTINGS": f"{first},{second}"}, lambda: client)
    assert (found["KNOWN_FAILURES"], found["BACKUP_OPTIONS"]) == ("", "--jobs=4")


def test_every_setting_that_somebody_removed_or_changed_is_named_with_the_remedy() -> None:
    client, stub = ssm()
    gone, changed = names(2)
    reported = {**answer([], **{changed: "octocat"}), "InvalidParameters": [gone]}
    stub.add_response("get_parameters", reported)
    with stub, pytest.raises(ConfigError) as caught:
        with_stored({"SETTINGS": f"{gone},{changed}"}, lambda: client)
    for part in (gone, changed, "aws ssm put-parameter"):
        assert part in str(caught.value)
