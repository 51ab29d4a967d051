"""The reporter's main flow: observe a run, decide, and take one step."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.aws_refusal import code_and_message
from backup_contract.documents.fields import DamagedError
from backup_contract.judgement.overdue import overdue
from backup_contract.judgement.verdict import Kind
from backup_contract.moments import run_id_of
from reporter.afterwards import Afterwards
from reporter.boundary import Failed, tried
from reporter.config import Config
from reporter.decide.conclusion import concluded
from reporter.decide.next_step import (
    RECHECK,
    Done,
    Report,
    Retry,
    Step,
    Terminate,
    Wait,
    decide,
)
from reporter.decide.observation import Observation
from reporter.events import Interruption, RunEvent, Terminated, Trigger, Watchdog
from reporter.invocations import Invocations
from reporter.observe.bucket import Bucket
from reporter.observe.ec2 import Ec2
from reporter.observe.observer import Evidence
from reporter.observe.summary import Summary
from reporter.publish.damaged_item_mail import damaged_item_mail
from reporter.publish.dead_letters_mail import dead_letters_mail
from reporter.publish.heartbeat import Heartbeat
from reporter.publish.run_report import emit_metrics
from reporter.verified_runs import VerifiedRuns
from shared.aws.dead_letters import DeadLetters
from shared.aws.run_table import RunStore
from shared.errors import DamagedItemError, RunConflictError
from shared.model.run import Outcome, Run

MAIL_LEASE = timedelta(seconds=50)
"""How long a reporter's claim to send the mail lasts: less than Lambda's wait before a retry (one
minute)."""

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Reporter:
    """The reporter with its adapters."""

    config: Config
    store: RunStore
    invocations: Invocations
    dead_letters: DeadLetters
    ec2: Ec2
    bucket: Bucket
    evidence: Evidence
    afterwards: Afterwards
    verified_runs: VerifiedRuns
    send_mail: Callable[[str, str], None]
    confirmed_subscriptions: Callable[[], int | None]
    heartbeat: Heartbeat
    log: Logger

    def handle(self, trigger: Trigger, now: datetime) -> dict[str, Any]:
        """Take the next step for the trigger; the result says what it was."""
        match trigger:
            case Watchdog():
                return self._watch(now)
            case RunEvent(run_id):
                return self.advance(run_id, now)
            case Terminated(instance_id) | Interruption(instance_id):
                found, maybe_ours = self.store.run_id_of_instance(instance_id, now)
                if maybe_ours:
                    found = self.ec2.run_id_by_tag(instance_id)
                if found is None:
                    self.log.info("not our instance", extra={"instance_id": instance_id})
                    return {"status": "ignored", "reason": f"{instance_id} is not ours"}
                if isinstance(trigger, Interruption):
                    return self._record_interruption(found, instance_id, now)
                return self.advance(found, now, terminated=instance_id)

    def _watch(self, now: datetime) -> dict[str, Any]:
        """Check the schedule, and every run that has not been reported.

        An error in one check must not stop the others: the first error is raised at the end.
        """
        results, errors = [], []
        for check in self._checks(now):
            found = tried(check)
            if isinstance(found, Failed):
                self.log.error("a check of the watchdog failed", exc_info=found.error)
                errors.append(found.error)
            else:
                results.append(found)
        if errors:
            raise errors[0]
        return {"status": "watched", "runs": [each for each in results if each]}

    def _checks(self, now: datetime) -> Iterator[Callable[[], dict[str, Any] | None]]:
        yield self._count_dead_letters
        yield partial(self._record_missed_run, now)
        yield partial(self.verified_runs.measure, now)
        yield from (partial(self.advance, run_id, now) for run_id in self.store.unreported_ids())

    def _count_dead_letters(self) -> None:
        """Mail that events could not be processed, unless an earlier mail reported them.

        The alarm may miss them: after hours without activity, a queue's metrics arrive late.
        """
        count, reported = self.dead_letters.count(), self.store.reported_dead_letters()
        if count > reported:
            self.log.error("events could not be processed", extra={"count": count})
            self.send_mail(*dead_letters_mail(count, self.dead_letters.url(), self.config))
        if count != reported:
            self.store.remember_reported_dead_letters(count)

    def _record_missed_run(self, now: datetime) -> None:
        """Record a scheduled run that never began, so that it is reported like any other."""
        expected = overdue(self.evidence.in_force(), self.store.newest(), now)
        due = [run_id_of(moment) for moment in expected]
        if due and not any(map(self.store.exists, due)):
            self.log.warning("missed", extra={"run_id": due[0]})
            with suppress(RunConflictError):
                self.store.save(Run(due[0], "schedule", now))

    def advance(self, run_id: str, now: datetime, terminated: str = "") -> dict[str, Any]:
        """Take the next step of one run.

        ``terminated`` is the id of an instance that an event reported as terminated. If another
        reporter has changed the run meanwhile, this one starts again. Errors of AWS are raised, so
        that Lambda retries.
        """
        self.log.append_keys(run_id=run_id, attempt=None)
        for _ in range(_TRIES):
            try:
                run = self.store.load(run_id)
            except DamagedItemError as error:
                return self._damaged(run_id, error, now)
            if run is None:
                self.log.info("no such run")
                return {"status": "ignored", "reason": f"there is no run {run_id}"}
            self.log.append_keys(attempt=run.attempt.number if run.attempts else None)
            observation = self.evidence.observe(run, now, terminated)
            step = decide(run, observation, self.config.rules)
            self.log.info("decided", extra={"step": type(step).__name__, "reason": step.reason})
            try:
                self._act(run, observation, step)
            except RunConflictError:
                continue
            return {"status": type(step).__name__, "run_id": run_id, "reason": step.reason}
        raise RunConflictError(run_id)

    def _damaged(self, run_id: str, error: DamagedItemError, now: datetime) -> dict[str, Any]:
        """Mail what is wrong with a run's item, but only once. No retry could read it."""
        self.log.error("damaged run", extra={"problem": error.problem})
        if self.store.reported_damage(run_id) != error.problem:
            self.send_mail(*damaged_item_mail(error, self.config))
            self.store.remember_reported_damage(run_id, error.problem, now)
        return {"status": "damaged", "run_id": run_id, "reason": str(error)}

    def _act(self, run: Run, observation: Observation, step: Step) -> None:
        match step:
            case Done():
                self.invocations.remove_all(run)
            case Wait(until):
                self.invocations.recheck(run, until, observation.now)
            case Terminate(instance_id):
                # Stored first, so that the reason is known even if this invocation dies.
                terminated_at = run.attempt.terminated_at or observation.now
                terminated = run.with_attempt(terminated_at=terminated_at)
                self.invocations.recheck(terminated, observation.now + RECHECK, observation.now)
                self._terminate(instance_id)
            case Retry():
                ended = concluded(run, observation, step)
                if step.outcome is Outcome.FAILED and not run.attempt.outcome:
                    explanation = self.evidence.last_log_line(run, observation)
                    ended = ended.with_attempt(problem=explanation)
                self.invocations.retry(ended, step, observation.now)
            case Report():
                self._report(run, observation, step)

    def _terminate(self, instance_id: str) -> str:
        """Terminate the instance. If AWS denies it, returns a line for the mail; does not raise."""
        refused = self.ec2.terminate(instance_id)
        if not refused:
            return ""
        extra = {"instance_id": instance_id, "problem": refused}
        self.log.error("the instance could not be terminated", extra=extra)
        return f"{instance_id} could not be terminated ({refused})."

    def _report(self, run: Run, observation: Observation, step: Report) -> None:
        """Judge the run, claim the mail, send it, and only then mark the run as reported."""
        began = monotonic()
        if run.mail_lease_until and run.mail_lease_until > observation.now:
            self.log.info("another reporter is sending the mail")
            return
        damage = [self._terminate(each.id) for each in self.ec2.of_run(run.id)]
        summary = self.evidence.summary(concluded(run, observation, step), observation, step)
        damage.append(self._publish(run.id, summary))
        summary = summary.with_damage(*filter(None, damage))
        facts = summary.facts
        if refused := self.bucket.write_report(run.id, summary.report):
            self.log.error("the report could not be written", extra={"problem": refused})
            line = f"{layout.report(run.id)} could not be written ({refused})."
            summary = summary.with_damage(line)
        if facts.suspicions != summary.background.noted:
            self.store.remember_suspicions(facts.suspicions)
        # The claim counts from now: checking the archives may take longer than a claim lasts.
        lease = observation.now + timedelta(seconds=monotonic() - began) + MAIL_LEASE
        claimed = self.store.save(replace(run, mail_lease_until=lease))
        self.send_mail(summary.message.subject, summary.text)
        reported = replace(facts.run, reported_at=observation.now, verdict=facts.verdict.kind.value)
        self.store.save(replace(reported, version=claimed.version))
        before = self.afterwards.remember(run.id, summary, observation.now)
        self.log.info("reported", extra={"verdict": facts.verdict.kind})
        self.invocations.remove_all(run)
        confirmed_subscriptions = self.confirmed_subscriptions()
        if confirmed_subscriptions == 0:
            self.log.error("nobody has confirmed a subscription to the mails")
        emit_metrics(facts, self.config.stack_name, confirmed_subscriptions)
        if facts.verdict.kind is Kind.VERIFIED and not facts.only:
            self.verified_runs.note(observation.now)
            self.heartbeat.beat()
        self.afterwards.retire(run.id, summary, before)

    def _publish(self, run_id: str, summary: Summary) -> str:
        """Publish the newest checkpoint with the verdict. Returns a line for the mail if that
        fails, and otherwise an empty text.

        No error here stops the mail, because no later run depends on it: while a run's manifest is
        not published, ``launch.json`` leads to the documents of its attempts.
        """
        found = summary.background.checkpoint
        if found is None:
            return ""
        verdict = summary.facts.verdict.kind.value
        checked = summary.background.checked
        lists = (checked.damaged_chains, checked.copied_chains)
        done = tried(lambda: self.bucket.publish(run_id, verdict, found.key, found.sha256, *lists))
        if not isinstance(done, Failed):
            return ""
        self.log.error("the manifest could not be published", exc_info=done.error)
        why = str(done.error) if isinstance(done.error, DamagedError) else _reason(done.error)
        return f"{layout.manifest(run_id)} could not be published ({why}); see {found.key} instead."

    def _record_interruption(self, run_id: str, instance_id: str, now: datetime) -> dict[str, Any]:
        run = self.store.load_if_intact(run_id)
        if run and run.attempts and not run.attempt.warned_at:
            self.store.save(run.with_attempt(warned_at=now))
        self.log.warning("spot interruption", extra={"instance_id": instance_id})
        return {"status": "warned", "run_id": run_id, "reason": "AWS will reclaim the instance."}


def _reason(error: Exception) -> str:
    """AWS's code and message, or the name of the error's class."""
    if isinstance(error, ClientError):
        return code_and_message(error.response)
    return type(error).__name__
