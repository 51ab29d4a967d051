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
BEYOND_RETRIES = 6
"""More often than botocore tries a call; of DynamoDB's, ten."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, what fails in it from when on (``launch`` or ``report``), and how it ends."""

    scenario: str
    operation: str
    fault: str
    rule: Mapping[str, Any]
    since: str = "report"
    verdict: str = "verified"
    mails: int = 1

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The fault as microburst takes it."""
        service, operation = self.operation.split(".")
        return [{"service": service, "operation": operation, **self.rule}]


def _error(code: str, status: int, times: int) -> dict[str, Any]:
    return {"error": {"code": code, "status": status}, "times": times}


_LOST = {"response": {"abort_frac": 0.0}, "times": 1}

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
        "500 beyond botocore's retries",
        _error("InternalServerError", 500, 2 * BEYOND_RETRIES),
        "launch",
    ),
    Case(
        "whole run",
        "scheduler.CreateSchedule",
        "500 beyond botocore's retries",
        _error("InternalServerException", 500, BEYOND_RETRIES),
        "launch",
    ),
    Case(
        "whole run",
        "dynamodb.GetItem",
        "throttled beyond botocore's retries",
        _error("ProvisionedThroughputExceededException", 400, 2 * BEYOND_RETRIES),
    ),
    Case(
        "whole run",
        "s3.GetObject",
        "slowed down beyond botocore's retries",
        _error("SlowDown", 503, BEYOND_RETRIES),
    ),
    Case(
        "whole run",
        "sns.Publish",
        "500 beyond botocore's retries",
        _error("InternalError", 500, BEYOND_RETRIES),
    ),
    Case("whole run", "sns.Publish", "mailed, answer lost", _LOST, mails=2),
    Case(
        "whole run",
        "sns.Publish",
        "down until the watchdog comes",
        _error("InternalError", 500, _FOR_LONG),
    ),
    Case(
        "whole run",
        "ec2.DescribeInstances",
        "down until the watchdog comes",
        _error("Unavailable", 503, _FOR_LONG),
    ),
    Case(
        "reclaimed",
        "lambda.Invoke",
        "connection reset beyond botocore's retries",
        {"reset": True, "times": BEYOND_RETRIES},
    ),
    Case(
        "hanging",
        "ec2.TerminateInstances",
        "500 beyond botocore's retries",
        _error("InternalError", 500, BEYOND_RETRIES),
        verdict="timed-out",
    ),
)


def table() -> str:
    """What the page shows of these cells; that they hold is what the tests see to."""
    head = ["scenario", "call", "what happens to it", "verdict", "mails"]
    rows = [head, ["---"] * len(head)]
    rows += [
        [c.scenario, f"`{c.operation}`", c.fault, c.verdict, "1" if c.mails == 1 else "1 or 2"]
        for c in CASES
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


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
            [microburst, "--upstream", session.url, "--port", str(port), "--host", "127.0.0.1"],
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
        yield found
    finally:
        process.terminate()
        process.wait(10)


def put_in_front(session: Session, stack: str, found: Weather) -> None:
    """Let both functions of the stack send their requests through microburst."""
    client = session.client("lambda")
    for name in (f"{stack}-launcher", f"{stack}-reporter"):
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {**variables, "AWS_ENDPOINT_URL": found.url}},
        )
