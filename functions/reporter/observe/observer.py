"""Gathers the evidence of a run: for each decision, and for the summary of a finished run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from aws_lambda_powertools import Logger

from backup_contract import evidence
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from backup_contract.judgement.overdue import Watched, next_run
from backup_contract.judgement.rewrites import suspicion
from backup_contract.judgement.verdict import Kind, Verdict, doubted, judge
from reporter.boundary import Failed, tried
from reporter.config import Config
from reporter.decide.next_step import Ending, Report, decide
from reporter.decide.observation import Observation
from reporter.judge.archive_state import Checked
from reporter.judge.cost import Cost, bytes_stored, estimate, uploads
from reporter.observe.archive_check import check
from reporter.observe.attempts import Checkpoint, own_marker, read_checkpoint, read_progress
from reporter.observe.bucket import Bucket
from reporter.observe.earlier_runs import EarlierRuns, read_earlier_runs
from reporter.observe.ec2 import Ec2
from reporter.observe.object_check import check_objects
from reporter.observe.open_suspicions import Suspicions, open_suspicions
from reporter.observe.summary import Background, Gaps, Summary
from reporter.publish.facts import Facts
from shared.aws.run_table import RunStore
from shared.errors import DamagedItemError, UnreadableError
from shared.model.run import Attempt, Run

_LOG_LINES = 25
_LOG_LINE_CHARACTERS = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Judged:
    """The manifest, the verdict, the previous manifest, and the background of the summary."""

    manifest: Manifest | None
    verdict: Verdict
    previous: Manifest | None
    background: Background


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads evidence; changes nothing. ``in_force`` returns the schedule that is in force now."""

    config: Config
    store: RunStore
    ec2: Ec2
    bucket: Bucket
    in_force: Callable[[], Watched]
    log: Logger

    def observe(self, run: Run, now: datetime, terminated: str) -> Observation:
        """Observe a run. ``terminated`` is the id of an instance that an event reported as such."""
        if run.reported_at or not run.attempts or run.attempt.outcome:
            return Observation(now, None, None, None)
        instance, launched = run.attempt.instance, ""
        if instance:
            view, termination_reported = self.ec2.view(instance.id), terminated == instance.id
        else:
            found = self.ec2.of_run(run.id, run.attempt.number)
            earlier = {each.instance.id for each in run.attempts if each.instance}
            view, termination_reported = (
                (found[0] if found else None),
                bool(terminated) and terminated not in earlier,
            )
            launched = view.id if view else self._launched(run, terminated)
        observation = Observation(now, view, None, None, termination_reported, launched=launched)
        there = view is not None and not view.gone
        if there and not isinstance(decide(run, observation, self.config.rules), Report):
            # While the instance exists, only the clock and EC2 count: nothing in the bucket, and no
            # error in reading it, can prevent its termination.
            return observation
        seen = tried(lambda: self._with_documents(run, observation))
        if not isinstance(seen, Failed):
            return seen
        return replace(observation, unreadable=self._gap_line("The bucket", seen, Gaps()))

    def _launched(self, run: Run, terminated: str) -> str:
        """The id of the terminated instance if the launcher recorded it for the latest attempt, or
        empty.

        It may be an earlier attempt's whose launch was not recorded either.
        """
        number = terminated and self.store.attempt_of_instance(terminated)
        return terminated if number == run.attempt.number else ""

    def _with_documents(self, run: Run, observation: Observation) -> Observation:
        """The observation with the documents that the run left in the bucket."""
        below = run.evidence(run.attempt, observation.launched)
        markers = self.bucket.markers(run.id, run.created_at, observation.now)
        if not below:
            unclaimed = any(marker.attempt == run.attempt.number for marker in markers)
            return replace(observation, unclaimed=unclaimed)
        marker = own_marker(markers, self.bucket, below, run.attempt.number)
        progress, damage = self._progress(below)
        there = observation.instance is not None and not observation.instance.gone
        log_at = None if there else self._log_at(below, Gaps())
        return replace(observation, marker=marker, progress=progress, log_at=log_at, damage=damage)

    def _progress(self, below: str) -> tuple[Progress | None, tuple[str, ...]]:
        """The attempt's progress. If it is damaged: None, and a line that says so."""
        try:
            return read_progress(self.bucket, below), ()
        except DamagedError as error:
            self.log.warning("damaged progress", extra={"problem": str(error)})
            return None, (str(error),)

    def last_log_line(self, run: Run, observation: Observation) -> str | None:
        """The last line of the log that the attempt's instance saved, if any."""
        if observation.log_at is None:
            return None
        key = evidence.log(run.evidence(run.attempt, observation.launched))
        lines: list[str] = []
        lines = self._read_or("The log", lambda: self.bucket.log_tail(key, 1), lines, Gaps())
        return lines[0].strip()[:_LOG_LINE_CHARACTERS] if lines else None

    def summary(self, run: Run, observation: Observation, step: Report) -> Summary:
        """The run's mail and report: with all known facts, or at least with how it ended."""
        found = tried(lambda: Summary.of(*self._facts(run, observation, step)))
        if not isinstance(found, Failed):
            return found
        gaps = Gaps(list(observation.damage))
        gaps.lines.append(self._gap_line("What the run left behind", found, gaps))
        verdict = judge(step.ending, step.reason, run.id, None, None, "", (), ())
        suspicions = self._suspicions(None, gaps)
        facts = replace(self._minimal(run, observation, verdict, gaps), suspicions=suspicions.open)
        return Summary.of(facts, Background(noted=suspicions.noted))

    def _facts(self, run: Run, observation: Observation, step: Report) -> tuple[Facts, Background]:
        """All facts of the run, and the background.

        Each document that cannot be read costs a line. After an unexpected error, no run is called
        verified.
        """
        gaps = Gaps(list(observation.damage))
        judged = self._judged(run, observation, step, gaps)
        manifest, verdict = judged.manifest, judged.verdict
        none: list[str] = []
        log_tail = self._read_or(
            "The log", lambda: self._log_tail(run, observation, verdict, gaps), none, gaps
        )
        cost = self._read_or("The cost", lambda: self._cost(run, observation, manifest), None, gaps)
        schedule = self._schedule()
        suspicions = self._suspicions(manifest, gaps)
        facts = replace(
            self._minimal(run, observation, doubted(verdict) if gaps.unforeseen else verdict, gaps),
            manifest=manifest,
            previous=judged.previous,
            log_tail=log_tail,
            notices=judged.background.checked.notices,
            suspicions=suspicions.open,
            cost=cost,
            schedule=schedule,
            next_run=next_run(schedule or self.config.watched, observation.now),
        )
        return facts, replace(judged.background, noted=suspicions.noted)

    def _suspicions(self, manifest: Manifest | None, gaps: Gaps) -> Suspicions:
        """The open suspicions; only this run's if the earlier ones cannot be read."""
        own = suspicion(manifest)
        found = (own,) if own else ()
        read = partial(open_suspicions, self.store, self.bucket, found)
        return self._read_or("Earlier suspicions", read, Suspicions(open=found), gaps)

    def _schedule(self) -> Watched | None:
        """The schedule in force; None if it cannot be read, because the mail must not wait for
        it."""
        found = tried(self.in_force)
        if isinstance(found, Failed):
            self.log.warning("the schedule cannot be read", exc_info=found.error)
            return None
        return found

    def _minimal(self, run: Run, observation: Observation, verdict: Verdict, gaps: Gaps) -> Facts:
        """The facts that are known without the bucket."""
        return Facts(
            run=run,
            verdict=verdict,
            now=observation.now,
            owners=self.config.github_owners,
            bucket=self.config.bucket,
            launcher=f"{self.config.stack_name}-launcher",
            allow_on_demand=self.config.allow_on_demand,
            keep_days=self.config.keep_versions_days,
            damage=tuple(line for line in dict.fromkeys(gaps.lines) if line != verdict.reason),
        )

    def _judged(self, run: Run, observation: Observation, step: Report, gaps: Gaps) -> _Judged:
        """Judge the run. A completed run is judged only by its latest attempt's manifest."""
        own = Gaps()
        latest = self._checkpoint(run, observation, run.attempts[-1:], own)
        illegible = " ".join(own.lines)
        newest = latest or self._checkpoint(run, observation, run.attempts[-2::-1], own)
        judged = latest if step.ending is Ending.COMPLETED else newest
        manifest, sha256 = (judged.manifest, judged.sha256) if judged else (None, "")
        earlier, checked = EarlierRuns(), Checked()
        if manifest and manifest.complete:
            read = partial(read_earlier_runs, self.store, self.bucket)
            earlier = self._read_or("The last run", read, earlier, own)
        if manifest and observation.marker:
            run_check = partial(check, self.bucket, manifest.archived, earlier.accepted)
            checked = self._read_or("The archives", run_check, checked, own)
            run_check = partial(check_objects, self.bucket, manifest.archived)
            objects = self._read_or("The large files", run_check, Checked(), own)
            checked = checked.with_objects(objects)
        verdict = judge(
            step.ending,
            step.reason,
            run.id,
            observation.marker,
            manifest,
            sha256,
            checked.problems,
            self.config.known_failures,
            illegible=illegible,
            chain_problems=checked.chain_problems,
            object_problems=checked.object_problems,
        )
        gaps.lines += own.lines
        gaps.unforeseen |= own.unforeseen
        reported = earlier.reported if manifest and manifest.complete else None
        background = Background(newest, reported, checked)
        return _Judged(manifest, verdict, earlier.previous, background)

    def _checkpoint(
        self, run: Run, observation: Observation, attempts: Sequence[Attempt], gaps: Gaps
    ) -> Checkpoint | None:
        """The first readable manifest of these attempts."""
        for each in attempts:
            # Without an instance nothing was written. The bucket may be the problem itself.
            launched = observation.launched if each.number == run.attempt.number else ""
            below = run.evidence(each, launched)
            read = partial(read_checkpoint, self.bucket, run, each, below)
            if below and (found := self._read_or("The manifest", read, None, gaps)):
                return found
        return None

    def _cost(self, run: Run, observation: Observation, manifest: Manifest | None) -> Cost:
        return estimate(
            run.attempts,
            observation.now,
            volume_gib=self.config.volume_size_gib,
            public_address=self.config.assign_public_ip,
            archives=len(manifest.archived) if manifest else 0,
            uploads=uploads(manifest) if manifest else 0,
            bytes_stored=bytes_stored(manifest) if manifest else 0,
        )

    def _log_at(self, below: str, gaps: Gaps) -> datetime | None:
        """When the attempt saved its log; None if it did not."""
        key = evidence.log(below)
        return self._read_or("The log", lambda: self.bucket.log_at(key), None, gaps)

    def _log_tail(
        self, run: Run, observation: Observation, verdict: Verdict, gaps: Gaps
    ) -> list[str]:
        """The end of the latest attempt's log, or of its console if it saved no log."""
        instance = run.attempt.instance if run.attempts else None
        if verdict.kind is Kind.VERIFIED or instance is None:
            return []
        lines: list[str] = []
        if below := run.evidence(run.attempt, observation.launched):
            key = evidence.log(below)
            lines = self._read_or(
                "The log", lambda: self.bucket.log_tail(key, _LOG_LINES), lines, gaps
            )
        return lines or self.ec2.console_tail(instance.id, _LOG_LINES)

    def _read_or(self, what: str, read: Callable[[], T], otherwise: T, gaps: Gaps) -> T:
        """What ``read`` returns; if it fails, ``otherwise``, and a line in ``gaps``.

        Raises temporary errors of AWS, so that Lambda retries.
        """
        found = tried(read)
        if not isinstance(found, Failed):
            return found
        gaps.lines.append(self._gap_line(what, found, gaps))
        return otherwise

    def _gap_line(self, what: str, failed: Failed, gaps: Gaps) -> str:
        """The line about a failed read. Raises the error if it is a temporary one of AWS."""
        if failed.is_temporary:
            raise failed.error
        if isinstance(failed.error, UnreadableError | DamagedError | DamagedItemError):
            self.log.warning("a document cannot be read", extra={"problem": str(failed.error)})
            return str(failed.error)
        self.log.error("unexpected error", extra={"what": what}, exc_info=failed.error)
        gaps.unforeseen = True
        return f"{what} could not be read ({type(failed.error).__name__}): see the reporter's log."
