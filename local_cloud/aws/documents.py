"""Interprets trust policies, policy variables and schedules' inputs as AWS does. Pure."""

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# Reserved words of a schedule's input:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_SCHEDULER_WORDS = "schedule-arn scheduled-time execution-id attempt-number"


def trusts(document: str | Mapping[str, Any], service: str) -> bool:
    """Whether a trust policy lets a service assume its role."""
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement["Effect"] == "Allow" and service in (
            [services] if isinstance(services, str) else services
        ):
            return True
    return False


def with_variables(resource: str, keys: Mapping[str, Any]) -> str:
    """A policy's resource with its variables replaced by the caller's ``keys`` (in lower case).

    If a key is missing, the resource matches nothing; here it stays as it is:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """

    def value(found: re.Match[str]) -> str:
        return str(keys.get(found[1].lower()) or found[0])

    return re.sub(r"\$\{([\w:/-]+)\}", value, resource)


def fill_in(text: str, schedule: Mapping[str, Any], now: float) -> str:
    """The text with EventBridge Scheduler's context attributes replaced by their values."""
    values = (
        schedule.get("Arn", ""),
        datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        str(uuid.uuid4()),
        "1",
    )
    for word, value in zip(_SCHEDULER_WORDS.split(), values, strict=True):
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text
