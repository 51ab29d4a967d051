"""A model of everything that AWS may do to one run, in any order: one mail, nothing left running.

Hypothesis plays AWS: it delivers events twice, late or never, ends instances in every way, lets any
call fail or be the last before a crash, and turns the clock. However it plays, in the end there is
one mail (two only after a crash in mid-mail), with a verdict that fits what truly happened.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.integration.functions.test_faults import finish
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, new_world, terminated

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "40"))
deployment_root: Path


class AnyRun(RuleBasedStateMachine):
    """One scheduled run in a hostile world."""

    def __init__(self) -> None:
        super().__init__()
        self._context = new_world(deployment_root)
        self.world = self._context.__enter__()
        self.ended: list[str] = []
        self.completed = False
        self.crashes = 0

    @initialize()
    def due(self) -> None:
        """The schedule fires; Scheduler delivers at least once."""
        self.world.send("launcher", SCHEDULED)

    @rule(kind=st.sampled_from(["before", "after", "error"]), ahead=st.integers(0, 12))
    def trouble(self, kind: str, ahead: int) -> None:
        """One of the next calls fails, or its process ends before or after it."""
        self.crashes += 1
        self.world.faults.append(Fault(kind, index=len(self.world.calls) + ahead))

    @rule()
    def schedule_again(self) -> None:
        """The schedule's event comes once more."""
        self.world.send("launcher", SCHEDULED)

    @precondition(lambda self: self.world.running())
    @rule(phase=st.sampled_from(["listing", "backing-up", "interrupted"]))
    def progress(self, phase: str) -> None:
        """The backup writes down how far it is."""
        self.world.progress(phase, attempt=max(map(int, self.world.launches)))

    @precondition(lambda self: self.world.running())
    @rule()
    def complete(self) -> None:
        """The backup runs to its end; the instance is still there for a moment."""
        self.completed = True
        self.world.complete(attempt=max(map(int, self.world.launches)))

    @precondition(lambda self: self.world.running())
    @rule(
        reason=st.sampled_from(
            [
                "Client.InstanceInitiatedShutdown",
                "Server.SpotInstanceTermination",
                "Client.UserInitiatedShutdown",
                "Server.InternalError",
            ]
        ),
        told=st.booleans(),
    )
    def instance_ends(self, reason: str, told: bool) -> None:
        """The instance is gone; the event may be lost."""
        self.ended.append(self.world.end_instance(reason, tell=told))

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def late_event(self, data: st.DataObject) -> None:
        """An event of some instance that ended comes late, or once more."""
        self.world.send("reporter", terminated(data.draw(st.sampled_from(self.ended))))

    @rule(minutes=st.sampled_from([1, 10, 45, 200]))
    def wait(self, minutes: int) -> None:
        """Time goes by."""
        self.world.pass_time(timedelta(minutes=minutes))

    def teardown(self) -> None:
        """Let everything come to rest, and hold it against the promises."""
        world = self.world
        try:
            finish(world)
            world.pass_time(timedelta(days=3))
            said = [mail.subject.split()[1].rstrip(":") for mail in world.mails]
            mine = [v for v in said if v != "missed"]
            assert 1 <= len(mine) <= (2 if self.crashes else 1), said
            assert world.running() == []
            assert world.schedules() == {}
            assert all(count == 1 for count in world.launches.values()), world.launches
            if "verified" in mine:
                marker_attempt = world.object(f"runs/{RUN_ID}/manifest.json")["attempt"]
                assert marker_attempt == max(map(int, world.launches))
            if not self.completed and not world.launches:
                assert "verified" not in mine
        finally:
            self._context.__exit__(None, None, None)


@pytest.mark.slow
def test_any_order_of_events_faults_and_crashes_leads_to_one_mail(deployment: Path) -> None:
    global deployment_root
    deployment_root = deployment
    machine = AnyRun.TestCase
    machine.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine().runTest()
