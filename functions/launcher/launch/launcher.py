"""One attempt of one run, from request to instance, resumable after a crash at any point."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from backup_contract.documents.launch import LaunchRecord
from backup_contract.documents.launcher_answer import DryRunAnswer, RunAnswer, Status
from launcher.config import Config
from launcher.launch.ec2 import Ec2, InstanceSettings, client_token
from launcher.launch.planner import Planner
from launcher.launch.pools import remaining
from launcher.launch.program_store import Bucket
from launcher.launch.record import launch_record, refused
from launcher.launch.refusals import Kind, advice, conclude, remedy
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
"""Pauses between repetitions of a call that EC2 did not answer definitely."""

SETTLING_SECONDS = (5, 10, 20, 30, 45, 60)
"""Pauses, of a whole launch, before a refusal is final that may come of a fresh deployment.

A role, a subnet, a group that exists already may be unknown to EC2 for a minute or two:
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html. Together they leave the
function, which has five minutes, time for everything else.
"""

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
    planner: Planner
    bucket: Bucket
    tell_reporter: Callable[[dict[str, Any]], None]
    send_note: Callable[[str, str], None]
    confirmed_subscriptions: Callable[[], int | None]
    sleep: Callable[[float], None]
    log: Logger

    def launch(self, request: LaunchRequest, now: datetime) -> RunAnswer:
        """Carry the requested attempt as far as it will go, and say how far that was.

        Repeating it with the same request never launches a second instance. Raises
        :class:`AmbiguousLaunchError` or botocore's errors when only a retry can help.
        """
        run = self._begin(request, now)
        if run is None or run.attempt.instance:
            if run and run.attempt.instance:
                # Who wrote the launch down may have been cut off before this.
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
            self.schedules.wake(name, at, self.config.reporter_arn, event, now)
        if now > run.attempt.deadline_at - _LATEST:
            self.log.warning("too late to launch")
            return self._overtaken(run)
        if not run.attempt.pools:
            run = self._planned(run)
        return self._not_launched(run) if run.attempt.outcome else self._walk(run, now)

    def dry_run(self, request: LaunchRequest) -> DryRunAnswer | RunAnswer:
        """Everything up to the launch, which AWS judges by its own DryRun; nothing is kept."""
        try:
            plan = self.planner.plan(request.run_id, request.attempt, request.options)
            look = self.planner.github.look(self.config.github_owners)
            rights = [*look.notes, *look.limits]
        except RefusedError as error:
            return RunAnswer(Status.REFUSED, problem=str(error))
        pools, script = plan
        settings = self.planner.settings(request.run_id, request.attempt)
        refusing: list[PoolAnswer] = []
        answers = {
            market: self._rehearsed(
                [p for p in pools if p.market is market], refusing, settings, script
            )
            for market in dict.fromkeys(pool.market for pool in pools)
        }
        objections = {
            str(market): f"{answer.code}: {answer.message} {remedy(answer.code, answer.message)}"
            for market, answer in answers.items()
            if answer
        }
        return DryRunAnswer(
            Status.REFUSED if len(objections) == len(answers) else Status.WOULD_LAUNCH,
            owners=self.config.github_owners,
            rights=tuple(rights),
            first_pools=tuple(map(_pool_line, (remaining(pools, refusing) or pools)[:3])),
            pools=len(pools),
            not_offered=tuple(self.planner.not_offered(pools)),
            objections=objections,
            mail=self._unheard(),
        )

    def _rehearsed(
        self,
        pools: Sequence[Pool],
        refused: list[PoolAnswer],
        settings: InstanceSettings,
        script: str,
    ) -> PoolAnswer | None:
        """AWS's objection to the first of these pools whose type it would launch at all.

        The types that it would not are added to ``refused``.
        """
        while left := remaining(pools, refused):
            answer = self.ec2.would_launch(left[0], settings, script)
            if answer is None or answer.kind != Kind.TYPE:
                return answer
            refused.append(answer)
        return refused[-1]

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
            pools, script = self.planner.plan(run.id, number, run.options, run.attempts[:-1])
        except RefusedError as error:
            self.log.warning("launch refused", extra={"parameter": error.parameter})
            refused = run.with_attempt(outcome=Outcome.REFUSED, problem=str(error))
            return self.store.save(refused)
        role_id = self.config.instance_role_id
        return run.with_attempt(pools=pools, user_data=script, role_id=role_id)

    def _walk(self, run: Run, now: datetime) -> RunAnswer:
        """Ask pool after pool; each question is written down before it is put."""
        self.store.remember_launching(run)
        settling: Iterator[float] = iter(SETTLING_SECONDS)
        settings = self.planner.settings(run.id, run.attempt.number)
        while pools := remaining(run.attempt.pools, run.attempt.answers):
            run = self.store.save(run)
            answer = self._ask(run, pools[0], settings, now, settling)
            if isinstance(answer, Instance):
                return self._launched(run, answer)
            self.log.info("pool refused", extra={"pool": _pool_line(pools[0]), "code": answer.code})
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
        """One pool's definite answer, repeating the very same call while there is none."""
        token = client_token(self.config.stack_name, run.id, run.attempt.number, pool)
        backoff: Iterator[float] = iter(BACKOFF_SECONDS)
        while True:
            answer = self.ec2.launch(pool, token, settings, run.attempt.user_data, now)
            if isinstance(answer, Instance):
                return answer
            if answer.code == "IdempotentParameterMismatch":
                # The token was used: an earlier call of ours did launch. Find that instance.
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
                raise AmbiguousLaunchError(f"EC2 gave no definite answer for {_pool_line(pool)}")

    def _launched(self, run: Run, instance: Instance) -> RunAnswer:
        """Write down what was launched: first how to find it, last what the bucket tells of it.

        That the reporter knows whose word to take must not hang on the bucket.
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
                "The summary comes when the run is over; this attempt is, at the latest, at "
                f"{launched.attempt.deadline_at:%Y-%m-%d %H:%M} UTC.",
            )
        self.log.info("launched", extra={"instance_id": instance.id, "market": instance.market})
        return RunAnswer(
            Status.LAUNCHED,
            run.id,
            run.attempt.number,
            launch=record,
            advice=hint,
            mail=self._unheard(),
        )

    def _record(self, run: Run, instance: Instance) -> LaunchRecord:
        """Write ``launch.json``: the latest attempt's launch, and which instance each one got."""
        record = launch_record(run, instance, self.planner.not_offered(run.attempt.pools))
        self.bucket.record_launch(record)
        return record

    def _unheard(self) -> str:
        """A word in the answer when the summary will reach nobody."""
        if self.confirmed_subscriptions() != 0:
            return ""
        self.log.error("nobody has confirmed a subscription to the mails")
        return (
            "NOBODY WILL GET THE SUMMARY: no subscription is confirmed. Follow the link in "
            "the mail that AWS sent; after two days subscribe anew: aws sns subscribe --protocol "
            f"email --topic-arn {self.config.topic_arn} --notification-endpoint YOU"
        )

    def _overtaken(self, run: Run) -> RunAnswer:
        """Leave the attempt to the reporter, which is woken at the deadline."""
        problem = (
            f"This attempt ends at {run.attempt.deadline_at:%Y-%m-%d %H:%M} UTC; "
            "another one follows it."
        )
        return RunAnswer(Status.TOO_LATE, run.id, run.attempt.number, problem)

    def _not_launched(self, run: Run) -> RunAnswer:
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
        return RunAnswer(
            Status.REFUSED if attempt.outcome is Outcome.REFUSED else Status.NOT_LAUNCHED,
            run.id,
            attempt.number,
            problem,
            next_at,
            refused(attempt.answers),
        )


def _pool_line(pool: Pool) -> str:
    price = f" at {pool.price} USD/h" if pool.price else ""
    return f"{pool.instance_type} {pool.market} in {pool.zone}{price}"
