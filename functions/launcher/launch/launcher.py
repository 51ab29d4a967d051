"""Launches one attempt of a run. It can be resumed after a crash at any point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from backup_contract.documents.launch import LaunchRecord
from backup_contract.documents.launcher_answer import DryRunAnswer, RunAnswer, Status
from launcher.config import Config
from launcher.launch.dry_run import dry_run
from launcher.launch.ec2 import Ec2, InstanceSettings, client_token
from launcher.launch.planner import Planner
from launcher.launch.pools import pool_line, remaining
from launcher.launch.program_store import Bucket
from launcher.launch.record import launch_record, refused
from launcher.launch.refusals import Kind, advice, conclude
from launcher.request import LaunchRequest
from shared.aws.one_time_scheduler import (
    OVERDUE_AFTER,
    OneTimeSchedules,
    deadline_name,
    overdue_name,
)
from shared.aws.run_table import RunStore
from shared.errors import AmbiguousLaunchError, RefusedError
from shared.model.run import Attempt, Instance, Outcome, Pool, PoolAnswer, Run

BACKOFF_SECONDS = (1, 2, 4, 8)
"""Pauses in seconds between repetitions of a call without a definite answer from EC2."""

SETTLING_SECONDS = (5, 10, 20, 30, 45, 60)
"""Pauses in seconds, per launch, before a refusal counts as final that may be due to a fresh
deployment.

EC2 may not know an existing role, subnet or security group for a minute or two:
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html. Their sum leaves the
function, which has five minutes, enough time for everything else.
"""

_LAUNCH_MARGIN = timedelta(minutes=10)
"""How long before its deadline an attempt is no longer launched.

This is longer than the function's timeout, so that no launch is in progress at the deadline, when
the reporter looks for the attempt's instance and starts the next attempt.
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """The launcher with its adapters."""

    config: Config
    store: RunStore
    schedules: OneTimeSchedules
    ec2: Ec2
    planner: Planner
    bucket: Bucket
    invoke_reporter: Callable[[dict[str, Any]], None]
    send_note: Callable[[str, str], None]
    confirmed_subscriptions: Callable[[], int | None]
    sleep: Callable[[float], None]
    log: Logger

    def launch(self, request: LaunchRequest, now: datetime) -> RunAnswer:
        """Launch the requested attempt, or continue its launch. The answer says how far it got.

        Repeating the same request never launches a second instance. Raises
        :class:`AmbiguousLaunchError` or botocore's errors if only a retry can help.
        """
        run = self._begin(request, now)
        if run is None or run.attempt.instance:
            if run and run.attempt.instance:
                # The invocation that stored the launch may have ended before this.
                self._record(run, run.attempt.instance)
            self.log.info("nothing to launch")
            status = Status.ALREADY_LAUNCHED if run else Status.IGNORED
            return RunAnswer(status, request.run_id, request.attempt)
        if run.attempt.outcome:
            return self._not_launched(run)
        number, deadline_at = run.attempt.number, run.attempt.deadline_at
        event = {"trigger": "deadline", "run_id": run.id, "attempt": number}
        for name, at in (
            (deadline_name(run.id, number), deadline_at),
            (overdue_name(run.id, number), deadline_at + OVERDUE_AFTER),
        ):
            self.schedules.schedule_invocation(name, at, self.config.reporter_arn, event, now)
        if now > run.attempt.deadline_at - _LAUNCH_MARGIN:
            self.log.warning("too late to launch")
            return self._too_late(run)
        if not run.attempt.pools:
            run = self._planned(run)
        return self._not_launched(run) if run.attempt.outcome else self._walk(run, now)

    def dry_run(self, request: LaunchRequest) -> DryRunAnswer | RunAnswer:
        """Do everything except the launch. Stores nothing."""
        answer = dry_run(self.planner, request)
        return (
            answer if isinstance(answer, RunAnswer) else replace(answer, mail=self._mail_warning())
        )

    def _begin(self, request: LaunchRequest, now: datetime) -> Run | None:
        """Store the run with the requested attempt as its latest; None if that attempt is over."""
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
        """Store the attempt's plan, or the reason why it must not be launched; the run."""
        number = run.attempt.number
        try:
            pools, script = self.planner.plan(run.id, number, run.options, run.attempts[:-1])
        except RefusedError as error:
            self.log.warning("launch refused", extra={"parameter": error.parameter})
            refused = run.with_attempt(outcome=Outcome.REFUSED, problem=str(error))
            return self.store.save(refused)
        role_id = self.config.instance_role_id
        return run.with_attempt(pools=pools, user_data=script, role_id=role_id)

    def _walk(self, run: Run, now: datetime) -> RunAnswer:
        """Request an instance from one pool after another. Each request is stored beforehand."""
        self.store.remember_launching(run)
        settling: Iterator[float] = iter(SETTLING_SECONDS)
        settings = self.planner.settings(run.id, run.attempt.number)
        while pools := remaining(run.attempt.pools, run.attempt.answers):
            run = self.store.save(run)
            answer = self._ask(run, pools[0], settings, now, settling)
            if isinstance(answer, Instance):
                return self._launched(run, answer)
            self.log.info("pool refused", extra={"pool": pool_line(pools[0]), "code": answer.code})
            run = run.with_attempt(answers=(*run.attempt.answers, answer))
        ended = conclude(run.attempt.answers)
        lacking = self.planner.not_offered(run.attempt.pools)
        notes = [f"This region does not offer {', '.join(lacking)}."] if lacking else []
        problem = " ".join(filter(None, (ended.problem, *notes))) or None
        return self._not_launched(
            self.store.save(run.with_attempt(outcome=ended.outcome, problem=problem))
        )

    def _ask(
        self,
        run: Run,
        pool: Pool,
        settings: InstanceSettings,
        now: datetime,
        settling: Iterator[float],
    ) -> Instance | PoolAnswer:
        """The definite answer of one pool. Repeats the same call until there is one."""
        token = client_token(self.config.stack_name, run.id, run.attempt.number, pool)
        backoff: Iterator[float] = iter(BACKOFF_SECONDS)
        while True:
            answer = self.ec2.launch(pool, token, settings, run.attempt.user_data, now)
            if isinstance(answer, Instance):
                return answer
            if answer.code == "IdempotentParameterMismatch":
                # An earlier call with this token did launch an instance. Find it.
                if found := self.ec2.find(token):
                    return replace(found, price=pool.price)
            elif answer.kind not in (Kind.AMBIGUOUS, Kind.UNSETTLED):
                return answer
            unsettled = answer.kind == Kind.UNSETTLED
            pause = next(settling if unsettled else backoff, None)
            if pause is not None:
                self.sleep(pause)
            elif unsettled:
                return replace(answer, kind=Kind.ACCOUNT)
            else:
                raise AmbiguousLaunchError(f"EC2 gave no definite answer for {pool_line(pool)}")

    def _launched(self, run: Run, instance: Instance) -> RunAnswer:
        """Record the launch: first in the run table, last in the bucket.

        The reporter must know the instance even if writing to the bucket fails.
        """
        self.store.remember_instance(instance.id, run)
        hint = advice(run.attempt.answers)
        launched = self.store.save(run.with_attempt(instance=instance, problem=hint or None))
        record = self._record(launched, instance)
        if self.config.notify_on_launch:
            owners = ", ".join(self.config.github_owners)
            self.send_note(
                f"[OnlineBackup] started: {owners}, run {run.id}",
                f"Instance {instance.id} ({instance.instance_type}, {instance.market}, "
                f"{instance.zone}) is backing up {owners}.\n"
                "The summary will be mailed when the run is over. This attempt ends at the latest "
                f"at {launched.attempt.deadline_at:%Y-%m-%d %H:%M} UTC.",
            )
        self.log.info("launched", extra={"instance_id": instance.id, "market": instance.market})
        return RunAnswer(
            Status.LAUNCHED,
            run.id,
            run.attempt.number,
            launch=record,
            advice=hint,
            mail=self._mail_warning(),
        )

    def _record(self, run: Run, instance: Instance) -> LaunchRecord:
        """Write ``launch.json``: the latest attempt's launch, and each attempt's instance."""
        record = launch_record(run, instance, self.planner.not_offered(run.attempt.pools))
        self.bucket.record_launch(record)
        return record

    def _mail_warning(self) -> str:
        """A sentence for the answer if nobody will receive the summary; empty otherwise."""
        if self.confirmed_subscriptions() != 0:
            return ""
        self.log.error("nobody has confirmed a subscription to the mails")
        return (
            "NOBODY WILL GET THE SUMMARY: no subscription is confirmed. Follow the link in "
            "the mail that AWS sent. If that was more than two days ago, subscribe again: aws sns "
            f"subscribe --protocol email --topic-arn {self.config.topic_arn} "
            "--notification-endpoint YOU"
        )

    def _too_late(self, run: Run) -> RunAnswer:
        """Leave the attempt to the reporter, which is invoked at the deadline."""
        problem = (
            f"This attempt ends at {run.attempt.deadline_at:%Y-%m-%d %H:%M} UTC; "
            "another one follows it."
        )
        return RunAnswer(Status.TOO_LATE, run.id, run.attempt.number, problem)

    def _not_launched(self, run: Run) -> RunAnswer:
        attempt = run.attempt
        self.invoke_reporter(
            {"trigger": "launch-failed", "run_id": run.id, "attempt": attempt.number}
        )
        self.log.warning("not launched", extra={"outcome": attempt.outcome})
        problem, next_at = attempt.problem or "No pool had capacity.", None
        waits = attempt.outcome is Outcome.NO_CAPACITY
        if waits and attempt.number < self.config.max_attempts:
            next_at = attempt.started_at + self.config.retry_delay
            problem += f" The next attempt is planned for {next_at:%Y-%m-%d %H:%M} UTC."
        return RunAnswer(
            Status.REFUSED if attempt.outcome is Outcome.REFUSED else Status.NOT_LAUNCHED,
            run.id,
            attempt.number,
            problem,
            next_at,
            refused(attempt.answers),
        )
