"""One attempt of one run, from request to instance, resumable after a crash at any point."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from launcher.config import Config
from launcher.launch.ec2 import Ec2, InstanceSettings, client_token
from launcher.launch.images import Images
from launcher.launch.pools import Kind, Purchase, plan_pools, purchase, remaining, remedy
from launcher.launch.program_arguments import program_arguments
from launcher.launch.program_store import Bucket
from launcher.launch.user_data import render, variables
from launcher.preflight.github_facts import GitHub
from launcher.request import LaunchRequest
from shared.aws.one_time_scheduler import BACKSTOP, OneTimeSchedules, deadline_name, overdue_name
from shared.aws.run_table import RunStore
from shared.errors import AmbiguousLaunchError, RefusedError
from shared.model.run import (
    TAG_ATTEMPT,
    TAG_RUN_ID,
    TAG_STACK,
    Attempt,
    Instance,
    Outcome,
    Pool,
    PoolAnswer,
    Run,
)

BACKOFF_SECONDS = (1, 2, 4, 8)
"""Pauses between repetitions of a call that EC2 did not answer definitely."""

_LATEST = timedelta(minutes=10)
"""How long before an attempt's deadline a launch that was held up is not begun any more.

It is more than the function's own time limit: no launch is under way when the reporter, at the
deadline, looks for what this attempt launched and makes the next one.
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """The parts that a launch needs; ``now`` and ``sleep`` are arguments of the world."""

    config: Config
    store: RunStore
    schedules: OneTimeSchedules
    ec2: Ec2
    images: Images
    github: GitHub
    bucket: Bucket
    tell_reporter: Callable[[dict[str, Any]], None]
    send_note: Callable[[str, str], None]
    listeners: Callable[[], int | None]
    sleep: Callable[[float], None]
    deployment: Path
    log: Logger

    def launch(self, request: LaunchRequest, now: datetime) -> dict[str, Any]:
        """Carry the requested attempt as far as it will go, and say how far that was.

        Repeating it with the same request never launches a second instance. Raises
        :class:`AmbiguousLaunchError` or botocore's errors when only a retry can help.
        """
        run = self._begin(request, now)
        if run is None or run.attempt.instance:
            self.log.info("nothing to launch")
            status = "already launched" if run else "ignored"
            return {"status": status, "run_id": request.run_id, "attempt": request.attempt}
        if run.attempt.outcome:
            return self._not_launched(run)
        number, deadline_at = run.attempt.number, run.attempt.deadline_at
        event = {"trigger": "deadline", "run_id": run.id, "attempt": number}
        for name, at in (
            (deadline_name(run.id, number), deadline_at),
            (overdue_name(run.id, number), deadline_at + BACKSTOP),
        ):
            self.schedules.wake(name, at, self.config.reporter_arn, event, now)
        if now > run.attempt.deadline_at - _LATEST:
            self.log.warning("too late to launch")
            return self._overtaken(run)
        if not run.attempt.pools:
            run = self._planned(run)
        return self._not_launched(run) if run.attempt.outcome else self._walk(run, now)

    def rehearse(self, request: LaunchRequest) -> dict[str, Any]:
        """Everything up to the launch, which AWS judges by its own DryRun; nothing is kept."""
        try:
            pools, script = self._plan(request.run_id, request.attempt, request)
            look = self.github.look(self.config.github_owners)
            rights = [*look.notes, *look.limits]
        except RefusedError as error:
            return {"status": "refused", "problem": str(error)}
        settings = self._settings(request.run_id, request.attempt)
        firsts = {pool.market: pool for pool in reversed(pools)}
        answers = {
            market: self.ec2.would_launch(pool, settings, script) for market, pool in firsts.items()
        }
        objections = {
            market: f"{answer.code}: {answer.message} {remedy(answer.code)}"
            for market, answer in answers.items()
            if answer
        }
        return {
            "status": "refused" if len(objections) == len(answers) else "would launch",
            "dry_run": True,
            "owners": list(self.config.github_owners),
            "rights": rights,
            "first_pools": [_pool_line(pool) for pool in pools[:3]],
            "pools": len(pools),
            "objections": objections,
            **self._unheard(),
        }

    def _begin(self, request: LaunchRequest, now: datetime) -> Run | None:
        """The run with the requested attempt as its latest, stored; None if that is over."""
        run = self.store.load(request.run_id)
        if run is None:
            if request.attempt != 1:
                return None
            run = Run(request.run_id, request.trigger, now, request.options)
        if run.reported_at or len(run.attempts) > request.attempt:
            return None
        if len(run.attempts) == request.attempt:
            return run
        if len(run.attempts) != request.attempt - 1 or (run.attempts and not run.attempt.outcome):
            return None
        attempt = Attempt(request.attempt, now, now + self.config.deadline)
        return self.store.save(run.with_new_attempt(attempt))

    def _planned(self, run: Run) -> Run:
        """The run with its plan written down, or with the reason why it must not be launched."""
        number = run.attempt.number
        try:
            pools, script = self._plan(run.id, number, run)
        except RefusedError as error:
            self.log.warning("launch refused", extra={"parameter": error.parameter})
            refused = run.with_attempt(outcome=Outcome.REFUSED, problem=str(error))
            return self.store.save(refused)
        return run.with_attempt(pools=pools, user_data=script)

    def _plan(
        self, run_id: str, number: int, asked: Run | LaunchRequest
    ) -> tuple[tuple[Pool, ...], str]:
        if asked.options.on_demand and not self.config.allow_on_demand:
            raise RefusedError(
                "AllowOnDemand",
                "it is false, and on_demand was asked for.",
                "Deploy with AllowOnDemand=true, or leave on_demand out.",
            )
        config = self.config
        words = program_arguments(config.github_owners, config.backup_options, asked.options)
        self.github.check(self.config.github_owners)
        architectures = self.ec2.architectures(self.config.instance_types)
        amis = {kind: self.images.newest(kind) for kind in sorted(set(architectures.values()))}
        ways: Purchase = purchase(
            number,
            self.config.max_attempts,
            allow_on_demand=self.config.allow_on_demand,
            asked=asked.options.on_demand,
        )
        pools = plan_pools(
            self.ec2.places(self.config.subnet_ids),
            {name: amis[kind] for name, kind in architectures.items()},
            self.ec2.spot_prices(self.config.instance_types),
            ways,
        )
        sha256 = self.bucket.publish_program(self.deployment / "repo_backup.zip")
        bootstrap = (self.deployment / "bootstrap.sh").read_text()
        environment = variables(config, run_id, number, sha256)
        return pools, render(environment, words, bootstrap)

    def _settings(self, run_id: str, number: int) -> InstanceSettings:
        stack = self.config.stack_name
        return InstanceSettings(
            security_group_id=self.config.security_group_id,
            instance_profile_arn=self.config.instance_profile_arn,
            key_name=self.config.key_name,
            max_spot_price=self.config.max_spot_price,
            volume_size_gib=self.config.volume_size_gib,
            assign_public_ip=self.config.assign_public_ip,
            tags={
                "Name": f"{stack} {run_id}",
                TAG_STACK: stack,
                TAG_RUN_ID: run_id,
                TAG_ATTEMPT: str(number),
            },
        )

    def _walk(self, run: Run, now: datetime) -> dict[str, Any]:
        """Ask pool after pool; each question is written down before it is put."""
        while pools := remaining(run.attempt.pools, run.attempt.answers):
            run = self.store.save(run)
            answer = self._ask(run, pools[0], now)
            if isinstance(answer, Instance):
                return self._launched(run, answer)
            self.log.info("pool refused", extra={"pool": _pool_line(pools[0]), "code": answer.code})
            run = run.with_attempt(answers=(*run.attempt.answers, answer))
        stopped = [each for each in run.attempt.answers if each.kind == Kind.ACCOUNT]
        if stopped:
            problem = f"{stopped[0].code}: {stopped[0].message} {remedy(stopped[0].code)}"
            return self._not_launched(
                self.store.save(run.with_attempt(outcome=Outcome.REFUSED, problem=problem))
            )
        quotas = (a.code for a in run.attempt.answers if a.kind in (Kind.SPOT, Kind.ON_DEMAND))
        advice = " ".join(remedy(code) for code in dict.fromkeys(quotas)) or None
        return self._not_launched(
            self.store.save(run.with_attempt(outcome=Outcome.NO_CAPACITY, problem=advice))
        )

    def _ask(self, run: Run, pool: Pool, now: datetime) -> Instance | PoolAnswer:
        """One pool's definite answer, repeating the very same call while there is none."""
        token = client_token(self.config.stack_name, run.id, run.attempt.number, pool)
        settings = self._settings(run.id, run.attempt.number)
        for pause in (*BACKOFF_SECONDS, None):
            answer = self.ec2.launch(pool, token, settings, run.attempt.user_data, now)
            if isinstance(answer, Instance):
                return answer
            if answer.code == "IdempotentParameterMismatch":
                # The token was used: an earlier call of ours did launch. Find that instance.
                if found := self.ec2.find(token):
                    return replace(found, price=pool.price)
            elif answer.kind != Kind.AMBIGUOUS:
                return answer
            if pause is not None:
                self.sleep(pause)
        raise AmbiguousLaunchError(f"EC2 gave no definite answer for {_pool_line(pool)}")

    def _launched(self, run: Run, instance: Instance) -> dict[str, Any]:
        """Write down what was launched: first how to find it, last that it is done."""
        attempt = run.attempt
        self.store.remember_instance(instance.id, run)
        record = {
            "schema": 1,
            "run_id": run.id,
            "attempt": attempt.number,
            "trigger": run.trigger,
            "launched_at": instance.launched_at.isoformat(),
            "deadline_at": attempt.deadline_at.isoformat(),
            "instance_id": instance.id,
            "instance_type": instance.instance_type,
            "zone": instance.zone,
            "market": instance.market,
            "usd_per_hour": instance.price,
            "refused": [[a.instance_type, a.zone, a.market, a.code] for a in attempt.answers],
        }
        self.bucket.record_launch(run.id, record)
        self.store.save(run.with_attempt(instance=instance))
        if self.config.notify_on_launch:
            owners = ", ".join(self.config.github_owners)
            self.send_note(
                f"[OnlineBackup] started: {owners}, run {run.id}",
                f"Instance {instance.id} ({instance.instance_type}, {instance.market}, "
                f"{instance.zone}) is backing up {owners}.\n"
                "The summary comes when the run is over; this attempt is, at the latest, at "
                f"{attempt.deadline_at:%Y-%m-%d %H:%M} UTC.",
            )
        self.log.info("launched", extra={"instance_id": instance.id, "market": instance.market})
        return {"status": "launched", **record, **self._unheard()}

    def _unheard(self) -> dict[str, str]:
        """A word in the answer when the summary will reach nobody."""
        if self.listeners() != 0:
            return {}
        self.log.error("nobody has confirmed a subscription to the mails")
        return {
            "mail": "NOBODY WILL GET THE SUMMARY: no subscription is confirmed. Follow the link in "
            "the mail that AWS sent; after two days subscribe anew: aws sns subscribe --protocol "
            f"email --topic-arn {self.config.topic_arn} --notification-endpoint YOU"
        }

    def _overtaken(self, run: Run) -> dict[str, Any]:
        """Leave the attempt to the reporter, which is woken at the deadline."""
        return {
            "status": "too late",
            "run_id": run.id,
            "attempt": run.attempt.number,
            "problem": f"This attempt ends at {run.attempt.deadline_at:%Y-%m-%d %H:%M} UTC; "
            "another one follows it.",
        }

    def _not_launched(self, run: Run) -> dict[str, Any]:
        attempt = run.attempt
        self.tell_reporter(
            {"trigger": "launch-failed", "run_id": run.id, "attempt": attempt.number}
        )
        self.log.warning("not launched", extra={"outcome": attempt.outcome})
        problem, next_at = attempt.problem or "No pool had capacity.", None
        waits = attempt.outcome is Outcome.NO_CAPACITY
        if waits and attempt.number < self.config.max_attempts:
            next_at = attempt.started_at + self.config.retry_delay
            problem += f" The next attempt is planned for {next_at:%Y-%m-%d %H:%M} UTC."
        return {
            "status": "refused" if attempt.outcome is Outcome.REFUSED else "not launched",
            "run_id": run.id,
            "attempt": attempt.number,
            "problem": problem,
            "next_attempt_at": next_at.isoformat() if next_at else None,
            "refused": [[a.instance_type, a.zone, a.market, a.code] for a in attempt.answers],
        }


def _pool_line(pool: Pool) -> str:
    price = f" at {pool.price} USD/h" if pool.price else ""
    return f"{pool.instance_type} {pool.market} in {pool.zone}{price}"
