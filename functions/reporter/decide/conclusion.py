"""Records how the latest attempt ended, after a decision. Pure."""

from reporter.decide.next_step import Report, Retry
from reporter.decide.observation import Observation
from shared.model.run import Run


def concluded(run: Run, observation: Observation, step: Retry | Report) -> Run:
    """The run with the end of its latest attempt recorded, unless that is done already."""
    if not run.attempts or run.attempt.ended_at or step.outcome is None:
        return run
    progress = observation.progress
    known = progress if progress and progress.attempt == run.attempt.number else None
    return run.with_attempt(
        outcome=step.outcome,
        ended_at=observation.ended_at,
        done=known and known.done,
        listed=known and known.listed,
    )
