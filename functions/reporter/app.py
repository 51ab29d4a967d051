"""The reporter's handler and composition root."""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import boto3
import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as ClientConfig

from backup_contract.judgement.overdue import Watched
from reporter.afterwards import Afterwards
from reporter.config import Config
from reporter.events import read_trigger
from reporter.invocations import Invocations
from reporter.observe.bucket import CONCURRENT_CHECKS, Bucket
from reporter.observe.ec2 import Ec2
from reporter.observe.observer import Evidence
from reporter.publish.heartbeat import Heartbeat
from reporter.reporter import Reporter
from reporter.verified_runs import VerifiedRuns
from shared.aws.dead_letters import DeadLetters
from shared.aws.invoke import invoke
from shared.aws.one_time_scheduler import BACKUP, OneTimeSchedules
from shared.aws.run_table import RunStore
from shared.aws.sns_topic import Topic
from shared.aws.stored_settings import settings_client, with_stored
from shared.logging import logger


@logger().inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take the next step of the event's run. Raises errors that Lambda should retry."""
    return report(event, datetime.now(UTC))


def report(event: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The handler at a given time."""
    config = Config.from_env(with_stored(os.environ, settings_client))
    return compose(config).handle(read_trigger(event), now)


@cache
def compose(config: Config) -> Reporter:
    """The reporter with its adapters; Lambda's invocations in this process share it."""
    topic = Topic(boto3.client("sns"), config.topic_arn)
    log = logger()
    wide = ClientConfig(max_pool_connections=CONCURRENT_CHECKS)
    store = RunStore(boto3.client("dynamodb"), config.runs_table)
    ec2 = Ec2(boto3.client("ec2"), config.stack_name)
    bucket = Bucket(boto3.client("s3", config=wide), config.bucket)
    schedules = OneTimeSchedules(
        boto3.client("scheduler"),
        config.schedule_group,
        config.scheduler_role_arn,
        config.dead_letter_queue_arn,
    )

    def in_force() -> Watched:
        return config.watched.as_it_is(schedules.get(BACKUP))

    return Reporter(
        config=config,
        store=store,
        invocations=Invocations(
            config,
            store,
            schedules,
            partial(invoke, boto3.client("lambda"), config.launcher_arn),
        ),
        dead_letters=DeadLetters(boto3.client("sqs"), config.dead_letter_queue_arn),
        ec2=ec2,
        bucket=bucket,
        evidence=Evidence(config, store, ec2, bucket, in_force, log),
        afterwards=Afterwards(store, bucket, config.retire_overlays, log),
        verified_runs=VerifiedRuns(store, in_force, config.verified_within_days, config.stack_name),
        send_mail=topic.publish,
        confirmed_subscriptions=topic.confirmed_subscriptions,
        heartbeat=Heartbeat(urllib3.PoolManager(), config.heartbeat_url, log),
        log=log,
    )
