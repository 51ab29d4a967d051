"""Patches ministack, by its private names, where it differs from AWS.

That is the variables of policies, the e-mails of SNS, the context of EventBridge Scheduler,
asynchronous invocation by rules, and a few records. ``emulator`` checks ministack's version first.
"""

import itertools
import json
import logging
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local_cloud.aws.documents import fill_in, with_variables
from local_cloud.machine.unpacked import unpacking_once

OnMail = Callable[[str, str, str, str], None]

# ministack resolves neither tags, nor an instance's type and market, nor a schedule's group, nor
# several parameters' names, and so denies here what AWS permits. Policies are judged rightly by
# tests/infrastructure.
_MISJUDGED = {
    *("ec2:RunInstances", "ec2:CreateTags", "ec2:TerminateInstances", "ec2:GetConsoleOutput"),
    *("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule"),
    "ssm:GetParameters",
}

log = logging.getLogger(__name__)


def patch_judge(evaluator: Any, app: Any) -> None:
    """Evaluate policy variables as AWS does, and log denied requests."""
    # Requests over the loopback interface count as TLS, which the bucket's policy requires.
    app.pin_request_origin = lambda source, tls: evaluator.pin_request_origin(source, True)
    resolve, enforce = evaluator.resolve_principal, evaluator.enforce

    def resolve_with_variables(*asked: Any, **named: Any) -> Any:
        principal = resolve(*asked, **named)
        if isinstance(principal, evaluator.PrincipalInfo):
            for statement in itertools.chain.from_iterable(principal.policies or ()):
                statement.resources = [
                    with_variables(each, principal.keys) for each in statement.resources
                ]
        return principal

    def enforce_where_judged_rightly(
        key: str, action: str, *rest: Any, resource_arn: str = "*", **named: Any
    ) -> Any:
        # Public parameters belong to no account.
        resource = re.sub(
            r":\d{12}:parameter/aws/service/", "::parameter/aws/service/", resource_arn
        )
        denied = enforce(key, action, *rest, resource_arn=resource, **named)
        if isinstance(denied, evaluator.EvalResult):
            if action in _MISJUDGED:
                return None
            log.warning("DENIED %s on %s to %s", action, resource, denied.principal_arn)
        return denied

    evaluator.resolve_principal = resolve_with_variables
    evaluator.enforce = enforce_where_judged_rightly


def patch_events(events: Any, functions: Any) -> None:
    """Invoke functions asynchronously, with the context of EventBridge Scheduler."""
    invoke_target = events._invoke_target

    def invoke_asynchronously(arn: str, payload: str) -> None:
        # EventBridge invokes asynchronously: errors are retried, then go to the failure
        # destination. ministack calls once and forgets.
        function, config, _ = functions._get_func_record_for_ref(arn)
        if function and config:
            record = functions._execution_record_for_config(function, config)
            functions.invoke_async_with_retry(record, json.loads(payload))

    def with_context(target: dict[str, Any], event: Any, rule: Any, view: Any = None) -> Any:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            target = {**target, "Input": fill_in(target["Input"], rule, event["Time"])}
        return invoke_target(target, event, rule, view)

    events._dispatch_to_lambda = invoke_asynchronously
    events._invoke_target = with_context


def patch_scheduler(scheduler: Any) -> None:
    """Check for due schedules every second."""
    # ministack's precision of ten seconds is better than AWS's minute, but slow to watch.
    scheduler._SCHEDULE_TICK_INTERVAL = 1


def patch_network(ec2: Any) -> None:
    """Add the default VPC's route to the internet, which ministack lacks."""
    init = ec2._init_defaults

    def with_route() -> None:
        init()
        routes = ec2._route_tables[ec2._DEFAULT_RTB_ID]["Routes"]
        if len(routes) == 1:
            there = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ec2._DEFAULT_IGW_ID}
            routes.append({**routes[0], **there})

    ec2._init_defaults = with_route
    ec2._default_initialized_scopes.clear()


def patch_mail(sns: Any, on_mail: OnMail) -> None:
    """Call ``on_mail(address, topic_arn, subject, body)`` for every e-mail."""
    fan_out = sns._fanout

    def fan_out_and_mail(
        topic_arn: str, message_id: str, message: str, subject: str, *rest: Any, **named: Any
    ) -> Any:
        topic = sns._topic_by_arn_any_scope(topic_arn)
        for subscription in topic["subscriptions"] if topic else []:
            if subscription["protocol"] == "email" and subscription.get("confirmed"):
                on_mail(subscription["endpoint"], topic_arn, subject, message)
        return fan_out(topic_arn, message_id, message, subject, *rest, **named)

    sns._fanout = fan_out_and_mail


def patch_runtime(lambda_runtime: Any) -> None:
    """Unpack each artifact of a function once."""
    once = unpacking_once(Path(tempfile.mkdtemp(prefix="functions-")))
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": once})


def patch_parameters(ssm: Any) -> None:
    """Add the public parameter of the arm64 image: ministack knows that of x86_64 only."""
    ssm._PUBLIC_AMI_PARAMETERS[
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    ] = "ami-0a64a1b2c3d4e5f60"
