"""The reporter's configuration, from the environment that the template gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from backup_contract.judgement.overdue import Watched
from reporter.decide.next_step import Rules
from shared.config_env import Environment


@dataclass(frozen=True, slots=True)
class Config:
    """One field for each template parameter or resource. An empty string or tuple is not set."""

    stack_name: str
    region: str
    bucket: str
    runs_table: str
    topic_arn: str
    schedule_group: str
    scheduler_role_arn: str
    launcher_arn: str
    reporter_arn: str
    dead_letter_queue_arn: str
    rules: Rules
    github_owners: tuple[str, ...]
    known_failures: tuple[str, ...]
    volume_size_gib: int
    assign_public_ip: bool
    allow_on_demand: bool
    watched: Watched
    verified_within_days: int
    heartbeat_url: str
    retire_overlays: bool
    keep_versions_days: int

    @classmethod
    def from_env(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment. Raises ConfigError that lists all problems."""
        env = Environment(variables)
        config = cls(
            stack_name=env.text("STACK_NAME"),
            region=env.text("AWS_REGION"),
            bucket=env.text("BUCKET"),
            runs_table=env.text("RUNS_TABLE"),
            topic_arn=env.text("TOPIC_ARN"),
            schedule_group=env.text("SCHEDULE_GROUP"),
            scheduler_role_arn=env.text("SCHEDULER_ROLE_ARN"),
            launcher_arn=env.text("LAUNCHER_ARN"),
            reporter_arn=env.text("REPORTER_ARN"),
            dead_letter_queue_arn=env.text("DEAD_LETTER_QUEUE_ARN"),
            rules=Rules(
                max_attempts=env.integer("MAX_ATTEMPTS"),
                retry_delay=timedelta(minutes=env.integer("RETRY_DELAY_MINUTES")),
            ),
            github_owners=env.entries("GITHUB_OWNERS", optional=True),
            known_failures=env.entries("KNOWN_FAILURES", optional=True),
            volume_size_gib=env.integer("VOLUME_SIZE_GIB", least=8),
            assign_public_ip=env.boolean("ASSIGN_PUBLIC_IP"),
            allow_on_demand=env.boolean("ALLOW_ON_DEMAND"),
            watched=Watched(
                expression=env.text("SCHEDULE_EXPRESSION"),
                timezone=env.text("SCHEDULE_TIMEZONE"),
                state=env.text("SCHEDULE_STATE"),
                max_age=timedelta(days=env.integer("MAX_AGE_DAYS")),
            ),
            verified_within_days=env.integer("VERIFIED_WITHIN_DAYS", least=0),
            heartbeat_url=env.text("HEARTBEAT_URL", optional=True),
            retire_overlays=env.boolean("RETIRE_OVERLAYS"),
            keep_versions_days=env.integer("KEEP_VERSIONS_DAYS", least=0),
        )
        env.check()
        return config
