"""The launcher's configuration, from the environment that the template gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

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
    deadline: timedelta
    max_attempts: int
    retry_delay: timedelta
    github_owners: tuple[str, ...]
    github_api_url: str
    github_token_parameter: str
    github_app_id: str
    github_app_key_parameter: str
    instance_types: tuple[str, ...]
    subnet_ids: tuple[str, ...]
    security_group_id: str
    instance_profile_arn: str
    instance_role_id: str
    key_name: str
    max_spot_price: str
    allow_on_demand: bool
    volume_size_gib: int
    assign_public_ip: bool
    notify_on_launch: bool
    backup_options: str
    known_rewrites: tuple[str, ...]
    keep_versions_days: int
    kms_key_arn: str

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
            deadline=timedelta(minutes=env.integer("DEADLINE_MINUTES", least=20)),
            max_attempts=env.integer("MAX_ATTEMPTS"),
            retry_delay=timedelta(minutes=env.integer("RETRY_DELAY_MINUTES")),
            github_owners=env.entries("GITHUB_OWNERS", optional=True),
            github_api_url=env.text("GITHUB_API_URL").rstrip("/"),
            github_token_parameter=env.text("GITHUB_TOKEN_PARAMETER", optional=True),
            github_app_id=env.text("GITHUB_APP_ID", optional=True),
            github_app_key_parameter=env.text("GITHUB_APP_KEY_PARAMETER", optional=True),
            instance_types=env.entries("INSTANCE_TYPES"),
            subnet_ids=env.entries("SUBNET_IDS", optional=True),
            security_group_id=env.text("SECURITY_GROUP_ID"),
            instance_profile_arn=env.text("INSTANCE_PROFILE_ARN"),
            instance_role_id=env.text("INSTANCE_ROLE_ID"),
            key_name=env.text("KEY_NAME", optional=True),
            max_spot_price=env.text("MAX_SPOT_PRICE", optional=True),
            allow_on_demand=env.boolean("ALLOW_ON_DEMAND"),
            volume_size_gib=env.integer("VOLUME_SIZE_GIB", least=8),
            assign_public_ip=env.boolean("ASSIGN_PUBLIC_IP"),
            notify_on_launch=env.boolean("NOTIFY_ON_LAUNCH"),
            backup_options=env.text("BACKUP_OPTIONS", optional=True),
            known_rewrites=env.entries("KNOWN_REWRITES", optional=True),
            keep_versions_days=env.integer("KEEP_VERSIONS_DAYS"),
            kms_key_arn=env.text("KMS_KEY_ARN", optional=True),
        )
        env.require(
            bool(config.github_app_id) == bool(config.github_app_key_parameter),
            "GITHUB_APP_ID and GITHUB_APP_KEY_PARAMETER go together: set both or neither",
        )
        env.require(
            not (config.github_app_id and config.github_token_parameter),
            "GITHUB_APP_ID and GITHUB_TOKEN_PARAMETER exclude each other: set one of them",
        )
        env.check()
        return config
