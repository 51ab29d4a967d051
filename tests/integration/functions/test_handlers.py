"""The handlers as Lambda calls them: with an event and a context."""

import json
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from launcher import app as launcher_app
from reporter import app as reporter_app
from shared.logging import logger
from tests.integration.functions.world import World
from tools.iam.template import ROOT


@pytest.mark.parametrize(
    ("handler", "event"),
    [(launcher_app.handler, "manual_check.json"), (reporter_app.handler, "watchdog.json")],
)
def test_every_line_carries_the_request_id_and_nothing_of_the_invocation_before(
    world: World, handler: Callable[..., Any], event: str
) -> None:
    logger().append_keys(run_id="of the invocation before")
    context = SimpleNamespace(
        function_name="stack-function",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:stack-function",
        aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
    )
    handler(json.loads((ROOT / "events" / event).read_text()), context)
    record = logging.makeLogRecord({"levelname": "INFO", "msg": "a line"})
    formatter = logger().registered_formatter
    line = json.loads(formatter.format(record))
    assert line["function_request_id"] == context.aws_request_id
    assert "before" not in json.dumps(line)
