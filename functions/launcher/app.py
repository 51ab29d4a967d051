"""The launcher's handler and composition root."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as ClientConfig

from backup_contract.documents.launcher_answer import RunAnswer, Status
from launcher.config import Config
from launcher.launch.ec2 import Ec2
from launcher.launch.images import Images
from launcher.launch.launcher import Launcher
from launcher.launch.planner import Planner
from launcher.launch.program_store import Bucket
from launcher.launch.stack_tags import StackTags
from launcher.preflight.aws_facts import AwsFacts
from launcher.preflight.checks import Preflight
from launcher.preflight.github_facts import GitHub
from launcher.preflight.secrets import Secrets
from launcher.request import CheckRequest, read_request
from shared.aws.dead_letters import DeadLetters
from shared.aws.invoke import invoke
from shared.aws.one_time_scheduler import OneTimeSchedules
from shared.aws.run_table import RunStore
from shared.aws.sns_topic import Topic
from shared.aws.stored_settings import settings_client, with_stored
from shared.logging import logger

BILLING_REGION = "us-east-1"
"""The only region of the Free Tier API:
https://docs.aws.amazon.com/general/latest/gr/billing.html"""


@logger().inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an event; ``events/`` has examples, docs/reference.md the fields.

    An expected refusal is an answer. If an error is raised, Lambda retries, then sends the event to
    the dead-letter queue.
    """
    return launch(event, datetime.now(UTC), context.aws_request_id)


def launch(event: dict[str, Any], now: datetime, request_id: str) -> dict[str, Any]:
    """The handler at a given time. Lambda's retries have the same ``request_id``."""
    config = Config.from_env(with_stored(os.environ, settings_client))
    request = read_request(event, now)
    launcher = compose(config)
    if isinstance(request, CheckRequest):
        return Preflight(launcher, aws_facts(config)).check(now).document
    if request.trigger == "manual" and not request.dry_run:
        run_id = launcher.store.run_id_of_request(request_id, request.run_id, now)
        request = replace(request, run_id=run_id)
        if refusal := _run_in_progress(launcher, run_id, now):
            return refusal.document
    logger().append_keys(run_id=request.run_id, attempt=request.attempt)
    if request.dry_run:
        return launcher.dry_run(request).document
    return launcher.launch(request, now).document


def _run_in_progress(launcher: Launcher, run_id: str, now: datetime) -> RunAnswer | None:
    """The refusal of a manual run while another run is in progress, or None."""
    others = [run for run in launcher.store.unreported() if run.id != run_id]
    run = next((each for each in others if each.is_in_progress(now)), None)
    if run is None:
        return None
    problem = (
        f"Run {run.id} is in progress, until {run.attempt.deadline_at:%Y-%m-%d %H:%M} UTC at the "
        "latest; its summary will be mailed. Invoke again after that."
    )
    return RunAnswer(Status.REFUSED, problem=problem)


def aws_facts(config: Config) -> AwsFacts:
    """The preflight's AWS clients. Their timeouts are short, so that a slow service costs one
    check."""
    quick = ClientConfig(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10)
    return AwsFacts(
        sns=boto3.client("sns", config=quick),
        iam=boto3.client("iam", config=quick),
        ec2=boto3.client("ec2", config=quick),
        quotas=boto3.client("service-quotas", config=quick),
        s3=boto3.client("s3", config=quick),
        scheduler=boto3.client("scheduler", config=quick),
        freetier=boto3.client("freetier", region_name=BILLING_REGION, config=quick),
        dead_letters=DeadLetters(boto3.client("sqs", config=quick), config.dead_letter_queue_arn),
    )


@cache
def compose(config: Config) -> Launcher:
    """The launcher with its adapters; Lambda's invocations in this process share it."""
    # The launcher itself goes from pool to pool, so botocore must not repeat a request.
    once = ClientConfig(
        retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20
    )
    ssm = boto3.client("ssm")
    log, topic = logger(), Topic(boto3.client("sns"), config.topic_arn)
    ec2 = Ec2(boto3.client("ec2"), boto3.client("ec2", config=once))
    bucket = Bucket(boto3.client("s3"), config.bucket)
    github = GitHub(
        urllib3.PoolManager(),
        Secrets(ssm, config.github_token_parameter, config.github_app_key_parameter),
        config.github_api_url,
        config.github_app_id,
        log,
    )
    return Launcher(
        config=config,
        store=RunStore(boto3.client("dynamodb"), config.runs_table),
        schedules=OneTimeSchedules(
            boto3.client("scheduler"),
            config.schedule_group,
            config.scheduler_role_arn,
            config.dead_letter_queue_arn,
        ),
        ec2=ec2,
        planner=Planner(
            config,
            ec2,
            Images(ssm, config.region),
            github,
            bucket,
            Path(os.environ["LAMBDA_TASK_ROOT"]),
            StackTags(boto3.client("lambda"), config.launcher_arn, log),
        ),
        bucket=bucket,
        invoke_reporter=partial(invoke, boto3.client("lambda"), config.reporter_arn),
        send_note=topic.publish,
        confirmed_subscriptions=topic.confirmed_subscriptions,
        sleep=time.sleep,
        log=log,
    )
