"""The environment variables of both functions, as in a stack with few parameters."""

ROLE_ID = "AROAEXAMPLEOFAROLEID"
"""The id of the instance's role."""


def function_variables(account_id: str, region: str) -> dict[str, str]:
    """The variables of both functions together, including credentials and region.

    The caller must create the resources that they name: the bucket ``backups``, the table ``runs``,
    the topic ``topic`` and so on. ``SECURITY_GROUP_ID`` is missing, because AWS chooses it.
    """

    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{region}:{account_id}:{name}"

    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "STACK_NAME": "stack",
        "BUCKET": "backups",
        "RUNS_TABLE": "runs",
        "TOPIC_ARN": arn("sns", "topic"),
        "SCHEDULE_GROUP": "stack",
        "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{account_id}:role/scheduler",
        "LAUNCHER_ARN": arn("lambda", "function:stack-launcher"),
        "REPORTER_ARN": arn("lambda", "function:stack-reporter"),
        "DEAD_LETTER_QUEUE_ARN": arn("sqs", "dead"),
        "DEADLINE_MINUTES": "180",
        "MAX_ATTEMPTS": "3",
        "RETRY_DELAY_MINUTES": "30",
        "GITHUB_OWNERS": "octo",
        # Nothing listens on this port: for the launcher GitHub is down, which must not stop it.
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "GITHUB_TOKEN_PARAMETER": "",
        "INSTANCE_TYPES": "c7g.medium,m7g.medium",
        "SUBNET_IDS": "",
        "INSTANCE_PROFILE_ARN": f"arn:aws:iam::{account_id}:instance-profile/profile",
        "INSTANCE_ROLE_ID": ROLE_ID,
        "KEY_NAME": "",
        "MAX_SPOT_PRICE": "",
        "ALLOW_ON_DEMAND": "true",
        "VOLUME_SIZE_GIB": "16",
        "ASSIGN_PUBLIC_IP": "true",
        "NOTIFY_ON_LAUNCH": "false",
        "BACKUP_OPTIONS": "",
        "KEEP_VERSIONS_DAYS": "365",
        "KMS_KEY_ARN": "",
        "SCHEDULE_EXPRESSION": "cron(0 17 ? * FRI *)",
        "SCHEDULE_TIMEZONE": "UTC",
        "SCHEDULE_STATE": "ENABLED",
        "KNOWN_FAILURES": "",
        "KNOWN_REWRITES": "",
        "MAX_AGE_DAYS": "8",
        "VERIFIED_WITHIN_DAYS": "0",
        "HEARTBEAT_URL": "",
        "RETIRE_OVERLAYS": "true",
    }
