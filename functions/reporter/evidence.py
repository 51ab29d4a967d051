"""The evidence of a run: what can be seen of it while it goes on, and all that its mail tells."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

from reporter.config import Config
from reporter.cost import estimate
from reporter.ec2 import Ec2
from reporter.manifest import Manifest, ManifestError
from reporter.next_step import Report
from reporter.s3 import Bucket
from reporter.summary import Facts
from reporter.verdict import Kind, Verdict, judge
from reporter.watch import next_run
from reporter.world import World
from shared.errors import UnreadableError
from shared.run import Outcome, Run
from shared.run_store import RunStore

_LOG_LINES = 25
_WORDS_CHARACTERS = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks; changes nothing."""

    config: Config
    store: RunStore
    ec2: Ec2
    bucket: Bucket
    log: Logger

    def observe(self, run: Run, now: datetime, gone: str) -> World:
        """The world of a run; ``gone`` is an instance that an event said is terminated."""
        if run.reported_at or not run.attempts or run.attempt.outcome:
            return World(now, None, None, None)
        instance = run.attempt.instance
        if instance:
            view, said_gone = self.ec2.view(instance.id), gone == instance.id
        else:
            found = self.ec2.of_run(run.id, run.attempt.number)
            earlier = {each.instance.id for each in run.attempts if each.instance}
            view, said_gone = (found[0] if found else None), bool(gone) and gone not in earlier
        gone_now = view is None or view.gone
        try:
            return World(
                now,
                view,
                self.bucket.marker(run.id, run.created_at),
                self.bucket.progress(run.id),
                said_gone,
                self._own_log_at(run) if gone_now else None,
            )
        except UnreadableError as error:
            self.log.warning("the bucket may not be read", extra={"problem": str(error)})
            return World(now, view, None, None, said_gone, unreadable=str(error))

    def last_words(self, run: Run, world: World) -> str | None:
        """The last line of the log that the attempt's instance saved, if it did."""
        if world.log_at is None:
            return None
        nothing: list[str] = []
        lines = self._legible(lambda: self.bucket.log_tail(run.id, 1), nothing)
        return lines[0].strip()[:_WORDS_CHARACTERS] if lines else None

    def facts(self, run: Run, world: World, step: Report) -> Facts:
        """Everything that the run's mail and report tell."""
        # Where there was no instance nothing was written, and the bucket may be what is wrong.
        never_ran = all(a.outcome in (Outcome.REFUSED, Outcome.NO_CAPACITY) for a in run.attempts)
        unknown: tuple[dict[str, Any] | None, str] = (None, "")
        document, sha256 = (
            unknown if never_ran else self._legible(lambda: self.bucket.manifest(run.id), unknown)
        )
        manifest = self._read(document)
        problems = self.bucket.check(manifest.archived) if manifest and world.marker else []
        verdict = judge(
            step.ending,
            step.reason,
            run.id,
            world.marker,
            manifest,
            sha256,
            problems,
            self.config.known_failures,
        )
        compared = bool(manifest and manifest.complete)
        last = self.store.last_reported() if compared else None
        previous = self._legible(lambda: self.bucket.manifest(last), unknown)[0] if last else None
        return Facts(
            run=run,
            verdict=verdict,
            now=world.now,
            owners=self.config.github_owners,
            bucket=self.config.bucket,
            launcher=f"{self.config.stack_name}-launcher",
            manifest=manifest,
            previous=self._read(previous),
            log_tail=self._log_tail(run, verdict),
            cost=estimate(
                run.attempts,
                world.now,
                volume_gib=self.config.volume_size_gib,
                public_address=self.config.assign_public_ip,
                archives=len(manifest.archived) if manifest else 0,
                uploads=sum(e.state == "backed-up" for e in manifest.entries) if manifest else 0,
                bytes_stored=manifest.bytes_stored if manifest else 0,
            ),
            next_run=next_run(self.config.watched, world.now),
            allow_on_demand=self.config.allow_on_demand,
        )

    def _read(self, document: dict[str, Any] | None) -> Manifest | None:
        try:
            return Manifest.read(document) if document else None
        except ManifestError as error:
            self.log.warning("unreadable manifest", extra={"problem": str(error)})
            return None

    def _own_log_at(self, run: Run) -> datetime | None:
        """When the latest attempt saved the log; None where it is that of an earlier one."""
        saved_at = self._legible(lambda: self.bucket.log_at(run.id), None)
        instance = run.attempt.instance
        own = saved_at and instance and saved_at >= instance.launched_at
        return saved_at if own else None

    def _log_tail(self, run: Run, verdict: Verdict) -> list[str]:
        """How the log of the latest attempt ends, or its console where it saved none."""
        instance = run.attempt.instance if run.attempts else None
        if verdict.kind is Kind.VERIFIED or instance is None:
            return []
        lines: list[str] = []
        if self._own_log_at(run):
            lines = self._legible(lambda: self.bucket.log_tail(run.id, _LOG_LINES), lines)
        return lines or self.ec2.console_tail(instance.id, _LOG_LINES)

    def _legible(self, read: Callable[[], T], otherwise: T) -> T:
        """What is read, or something else where that may not be read."""
        try:
            return read()
        except UnreadableError as error:
            self.log.warning("the bucket may not be read", extra={"problem": str(error)})
            return otherwise
