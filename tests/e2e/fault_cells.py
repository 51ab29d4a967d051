"""Representative cells of the fault matrix on the embedded cloud, with microburst in front of it.

Here the deployed functions run as processes of their own, their requests cross a proxy that answers
in AWS's wire format, botocore's own retries come first, and events, schedules and Lambda's retries
are the emulator's.
"""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.session import Session

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FOR_LONG = 10_000
ATTEMPTS = 5
"""How often botocore tries a call, DynamoDB's apart:
https://docs.aws.amazon.com/boto3/latest/guide/retries.html"""
_ATTEMPTS_DYNAMODB = 10
_COPIES = 2
"""How often the cloud of the tests sends an event: as many reporters share the faults."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, what fails in it from when on (``launch`` or ``report``), and how it ends.

    ``dead_letter``: the fault outlasts Lambda's retries, and the watchdog's mail is the one.
    """

    scenario: str
    operation: str
    fault: str
    rule: Mapping[str, Any]
    since: str = "report"
    verdict: str = "verified"
    mails: int = 1
    dead_letter: bool = False

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The fault as microburst takes it."""
        service, operation = self.operation.split(".")
        return [{"service": service, "operation": operation, **self.rule}]

    @property
    def row(self) -> list[str]:
        """How the page tells it apart from the others."""
        return [self.scenario, f"`{self.operation}`", self.fault]


def _error(code: str, status: int, times: int) -> dict[str, Any]:
    return {"error": {"code": code, "status": status}, "times": times}


_LOST = {"response": {"abort_frac": 0.0}, "times": 1}
_BEYOND = "beyond botocore's retries"
_DOWN = "500 until the watchdog comes"

CASES = (
    Case("whole run", "ec2.RunInstances", "500 twice", _error("InternalError", 500, 2), "launch"),
    Case("whole run", "ec2.RunInstances", "launched, answer lost", _LOST, "launch"),
    Case(
        "whole run",
        "ec2.RunInstances",
        "throttled three times",
        _error("RequestLimitExceeded", 503, 3),
        "launch",
    ),
    Case(
        "whole run",
        "dynamodb.PutItem",
        f"500 {_BEYOND}",
        _error("InternalServerError", 500, _ATTEMPTS_DYNAMODB + 1),
        "launch",
    ),
    Case(
        "whole run",
        "scheduler.CreateSchedule",
        f"500 {_BEYOND}",
        _error("InternalServerException", 500, ATTEMPTS + 1),
        "launch",
    ),
    Case(
        "whole run",
        "ssm.GetParameter",
        f"throttled {_BEYOND}",
        _error("ThrottlingException", 400, ATTEMPTS + 1),
        "launch",
    ),
    Case(
        "whole run",
        "dynamodb.GetItem",
        f"throttled {_BEYOND}",
        _error("ProvisionedThroughputExceededException", 400, _COPIES * _ATTEMPTS_DYNAMODB + 1),
    ),
    Case(
        "whole run",
        "sns.Publish",
        f"500 {_BEYOND}",
        _error("InternalError", 500, ATTEMPTS + 1),
    ),
    Case("whole run", "sns.Publish", "mailed, answer lost", _LOST, mails=2),
    Case(
        "whole run",
        "sns.Publish",
        _DOWN,
        _error("InternalError", 500, _FOR_LONG),
        dead_letter=True,
    ),
    Case(
        "whole run",
        "ec2.DescribeInstances",
        _DOWN,
        _error("InternalError", 500, _FOR_LONG),
        dead_letter=True,
    ),
    Case(
        "reclaimed",
        "lambda.Invoke",
        f"connection reset {_BEYOND}",
        {"reset": True, "times": _COPIES * ATTEMPTS + 1},
    ),
    Case(
        "hanging",
        "ec2.TerminateInstances",
        f"500 {_BEYOND}",
        _error("InternalError", 500, ATTEMPTS + 1),
        verdict="timed-out",
    ),
)


class Weather:
    """microburst, running in front of an embedded cloud."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set(self, rules: list[dict[str, Any]]) -> None:
        """From now on these faults and no others."""
        self._ask("POST", "rules", rules)

    def struck(self) -> int:
        """How many requests a fault has hit so far."""
        return sum(rule["fired_count"] for rule in self._ask("GET", "rules", None))

    def _ask(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_microburst/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with _DIRECT.open(request, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def weather(session: Session) -> Iterator[Weather]:
    """microburst in front of the session's cloud for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    microburst = str(Path(sys.prefix, "bin", "microburst"))
    with (session.directory / "microburst.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(microburst, "--upstream", session.url.replace("127.0.0.1", "localhost")),
                *("--port", str(port), "--host", "127.0.0.1"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        found = Weather(f"http://127.0.0.1:{port}")

        def up() -> bool | None:
            with suppress(OSError):
                found.set([])
                return True
            return None

        session.wait_for("microburst", up, seconds=30)
        session.post("front", {"host": f"127.0.0.1:{port}"})
        yield found
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def put_in_front(session: Session, stack: str, found: Weather) -> Iterator[None]:
    """Let both functions of the stack send their requests through microburst, until the end.

    Those to S3 go past it: it loses the length in the answer to a HEAD.
    """
    client = session.client("lambda")
    before = {
        name: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in (f"{stack}-launcher", f"{stack}-reporter")
    }
    through = {"AWS_ENDPOINT_URL": found.url, "AWS_ENDPOINT_URL_S3": session.url}
    try:
        for name, variables in before.items():
            _set_environment(client, name, {**variables, **through})
        yield
    finally:
        for name, variables in before.items():
            _set_environment(client, name, variables)


def _set_environment(client: Any, name: str, variables: Mapping[str, str]) -> None:
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
