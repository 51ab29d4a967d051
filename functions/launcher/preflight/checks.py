"""The preflight: checks everything that a backup needs, without launching anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachedError
from botocore.parsers import ResponseParserError

from backup_contract.aws_refusal import code_and_message
from backup_contract.documents.launcher_answer import CheckAnswer, RunAnswer, Status
from backup_contract.moments import run_id_of
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from launcher.launch.launcher import Launcher
from launcher.preflight import data_rights, findings, gist_rights
from launcher.preflight.account_plan import plan
from launcher.preflight.aws_facts import QUOTAS, AwsFacts
from launcher.preflight.bucket_findings import encryption, lifecycle, public_access, versioning
from launcher.preflight.data_facts import DataCheck
from launcher.preflight.findings import Finding, Grade
from launcher.preflight.gist_rights import GistCheck
from launcher.request import LaunchRequest
from shared.errors import DamagedItemError, RefusedError

Check = Callable[[], Finding]

_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Preflight:
    """The preflight, which runs with the launcher's own role, as a launch does."""

    launcher: Launcher
    aws: AwsFacts

    def check(self, now: datetime) -> CheckAnswer:
        """The finding of each check, beginning with what would stop a backup first.

        A check that AWS denies, or that fails, is a finding too, and the others continue.
        """
        return findings.answer(_line(name, check) for name, check in self._checks(now))

    def _checks(self, now: datetime) -> Iterator[tuple[str, Check]]:
        config, aws = self.launcher.config, self.aws
        bucket, region = config.bucket, config.region
        yield (
            "mail",
            lambda: findings.mail(aws.subscribers(config.topic_arn), config.topic_arn, region),
        )
        yield "GitHub", self._github
        yield data_rights.CHECK, DataCheck(self.launcher.planner.github, config).finding
        yield gist_rights.CHECK, GistCheck(self.launcher.planner.github, config).finding
        yield "plan", lambda: plan(aws.account_plan(), now)
        yield "types", self._types
        yield "image", self._image
        yield "network", self._network
        yield "spot role", lambda: findings.spot_role(exists=aws.has_spot_role())
        for market in QUOTAS if config.allow_on_demand else ("spot",):
            yield f"quota {market}", partial(self._quota, market)
        yield "launch", partial(self._launch, now)
        yield "bucket versions", lambda: versioning(aws.versioning(bucket), bucket)
        yield (
            "bucket encryption",
            lambda: encryption(*aws.encryption(bucket), config.kms_key_arn),
        )
        yield "bucket public", lambda: public_access(aws.public_access(bucket), bucket)
        yield (
            "bucket lifecycle",
            lambda: lifecycle(aws.lifecycle(bucket), config.keep_versions_days, bucket),
        )
        yield "schedule", lambda: findings.schedule(*aws.schedule(config.schedule_group), now)
        yield (
            "dead letters",
            lambda: findings.dead_letters(aws.dead_letters.count(), aws.dead_letters.url(), region),
        )
        yield "last run", lambda: findings.last_run(self.launcher.store.latest())

    def _github(self) -> Finding:
        config = self.launcher.config
        found = self.launcher.planner.github.access(config.github_owners)
        anonymous = not (config.github_token_parameter or config.github_app_id)
        return findings.github(
            found.notes, found.seen, config.github_owners, found.limits, anonymous=anonymous
        )

    def _types(self) -> Finding:
        wanted = self.launcher.config.instance_types
        return findings.types(wanted, self.launcher.ec2.architectures(wanted))

    def _image(self) -> Finding:
        kinds = self.launcher.ec2.architectures(self.launcher.config.instance_types)
        newest = self.launcher.planner.images.newest
        images = [f"{newest(kind)} ({kind})" for kind in sorted(set(kinds.values()))]
        return Finding("image", Grade.OK, ", ".join(images))

    def _network(self) -> Finding:
        config = self.launcher.config
        subnets = [place.subnet_id for place in self.launcher.ec2.places(config.subnet_ids)]
        return findings.network(
            self.aws.egress_routes(subnets), public_address=config.assign_public_ip
        )

    def _quota(self, market: str) -> Finding:
        config = self.launcher.config
        found = self.aws.quota(market, config.instance_types)
        if found is None:
            return Finding(
                f"quota {market}", Grade.NOTE, "none of InstanceTypes has a limit known here"
            )
        return findings.quota(found, config.region)

    def _launch(self, now: datetime) -> Finding:
        """A launch with AWS's DryRun, which also checks the launcher's permissions."""
        answer = self.launcher.dry_run(LaunchRequest(run_id_of(now), 1, "manual", dry_run=True))
        if isinstance(answer, RunAnswer):
            return Finding("launch", Grade.ACTION_NEEDED, answer.problem)
        if answer.status == Status.REFUSED:
            return Finding("launch", Grade.ACTION_NEEDED, "; ".join(answer.objections.values()))
        if answer.objections:
            message = "; ".join(f"{market}: {why}" for market, why in answer.objections.items())
            return Finding("launch", Grade.NOTE, message)
        return Finding("launch", Grade.OK, f"AWS would launch {answer.first_pools[0]}")


def _line(name: str, check: Check) -> Finding:
    try:
        return check()
    except RefusedError as error:
        return Finding(name, Grade.ACTION_NEEDED, str(error))
    except DamagedItemError as error:
        return Finding(name, Grade.UNKNOWN, str(error))
    except ClientError as error:
        return Finding(name, Grade.UNKNOWN, _refusal(error))
    except (UnreachedError, HTTPClientError) as error:
        untrusted = tls_failure(error, "AWS_CA_BUNDLE")
        later = "" if untrusted else ": check again later"
        detail = untrusted or one_line(str(error)) or type(error).__name__
        return Finding(name, Grade.UNKNOWN, f"no answer ({detail}){later}")
    except (BotoCoreError, ResponseParserError) as error:
        return Finding(name, Grade.UNKNOWN, f"no answer ({one_line(str(error))})")


def _refusal(error: ClientError) -> str:
    """AWS's code and message, with advice only if a retry may help."""
    operation, detail = error.operation_name, code_and_message(error.response)
    code = error.response["Error"]["Code"]
    if code in _DENIED:
        return f"AWS denies the launcher {operation}: {detail}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    later = ": check again later" if status >= 500 or "Throttl" in code else ""
    return f"{operation} failed ({detail}){later}"
