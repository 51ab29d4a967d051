"""A model of everything that AWS may do to one run, in any order: one mail, nothing left running.

Hypothesis plays AWS: it delivers events twice, late, out of order or never, ends instances in
every way, lets calls fail, lose their answers or be the last before a crash, and turns the clock.
However it plays, in the end there is one mail with a true verdict; each trouble may cost a second
one, for nobody can tell a mail whose answer was lost from one that was never sent.

It plays the same games each time, so that a failure is the change's. ``MODEL_EXAMPLES`` (and
``MODEL_STEPS``) hunts anew, as long as one likes; what was played is printed at the end.
"""

import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.integration.functions.matrix import finish
from tests.integration.functions.promises import IN_TIME, objections
from tests.integration.functions.world import RUN_ID, SCHEDULED, Fault, new_world, terminated

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "60"))
STEPS = int(os.environ.get("MODEL_STEPS", "20"))
LONGEST_OUTAGE = timedelta(hours=26)
deployment_root: Path
played: Counter[str] = Counter()


class AnyRun(RuleBasedStateMachine):
    """One scheduled run in a hostile world."""

    def __init__(self) -> None:
        super().__init__()
        # The launcher asks a few pools only: what matters is not how many it is refused.
        self._context = new_world(deployment_root, INSTANCE_TYPES="c7g.medium")
        self.world = self._context.__enter__()
        self.held_back: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.faults = 0
        self.outage = False
        played["examples"] += 1

    def send(self, function: str, message: dict[str, Any]) -> None:
        """Deliver, and remember for another delivery."""
        self.sent.append((function, message))
        self.world.send(function, message)

    @initialize()
    def due(self) -> None:
        """The schedule fires; Scheduler delivers at least once."""
        self.send("launcher", SCHEDULED)

    @rule(
        kind=st.sampled_from(["before", "after", "error", "lost"]),
        ahead=st.integers(0, 15),
        times=st.sampled_from([1, 1, 1, 3, 5]),
        lasting=st.sampled_from([None, None, None, timedelta(hours=2), LONGEST_OUTAGE]),
    )
    def trouble(self, kind: str, ahead: int, times: int, lasting: timedelta | None) -> None:
        """One of the next calls fails, once or for a while, or its process ends before or after."""
        if kind in ("lost", "after"):
            # A deed that is done each time, and never answered for, is a mail each time.
            times, lasting = 1, None
        self.faults += 1
        self.outage = self.outage or lasting is not None or times > 1
        index = len(self.world.calls) + ahead
        self.world.faults.append(Fault(kind, index=index, times=times, lasting=lasting))

    @rule(
        code=st.sampled_from(
            [
                "InsufficientInstanceCapacity",
                "MaxSpotInstanceCountExceeded",
                "VcpuLimitExceeded",
                "RequestLimitExceeded",
            ]
        ),
        times=st.integers(1, 12),
    )
    def scarcity(self, code: str, times: int) -> None:
        """The next launches meet one of EC2's refusals."""
        self.faults += 1
        self.outage = True
        self.world.faults.append(
            Fault("error", operation="ec2.RunInstances", code=code, status=400, times=times)
        )

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """Something that was delivered comes once more."""
        function, message = data.draw(st.sampled_from(self.sent))
        self.world.send(function, message)

    @rule(
        trigger=st.sampled_from(["deadline", "recheck", "launch-failed"]),
        attempt=st.integers(1, 4),
    )
    def stray_wake(self, trigger: str, attempt: int) -> None:
        """A wake-up comes at a time that nobody meant."""
        self.send("reporter", {"trigger": trigger, "run_id": RUN_ID, "attempt": attempt})

    @rule(attempt=st.integers(1, 4))
    def stray_retry(self, attempt: int) -> None:
        """The launcher is asked for some attempt, out of turn."""
        self.send("launcher", {"trigger": "retry", "run_id": RUN_ID, "attempt": attempt})

    @precondition(lambda self: self.world.running())
    @rule(
        phase=st.sampled_from(["listing", "backing-up", "interrupted", "reclaimed", "failed"]),
        done=st.integers(0, 120),
    )
    def progress(self, phase: str, done: int) -> None:
        """The backup writes down how far it is."""
        self.world.progress(phase, attempt=self.world.attempt, done=done)

    @precondition(lambda self: self.world.running())
    @rule()
    def save_log(self) -> None:
        """The bootstrap is at its end."""
        self.world.save_log("the end\n")

    @precondition(lambda self: self.world.running())
    @rule()
    def complete(self) -> None:
        """The backup runs to its end; the instance is still there for a moment."""
        self.world.complete(attempt=self.world.attempt)

    @precondition(lambda self: self.world.running())
    @rule(delivered=st.sampled_from(["now", "late", "never"]))
    def warn(self, delivered: str) -> None:
        """AWS is about to reclaim the instance."""
        detail = {"instance-id": self.world.running()[0], "instance-action": "terminate"}
        name = "EC2 Spot Instance Interruption Warning"
        self.deliver({"source": "aws.ec2", "detail-type": name, "detail": detail}, delivered)

    @precondition(lambda self: self.world.running())
    @rule(
        reason=st.sampled_from(
            [
                "Client.InstanceInitiatedShutdown",
                "Server.SpotInstanceTermination",
                "Client.UserInitiatedShutdown",
                "Server.InternalError",
                "Client.VolumeLimitExceeded",
            ]
        ),
        delivered=st.sampled_from(["now", "late", "never"]),
    )
    def instance_ends(self, reason: str, delivered: str) -> None:
        """The instance is gone; the event may be late or lost."""
        gone = self.world.end_instance(reason, tell=False)
        self.deliver(terminated(gone), delivered)

    def deliver(self, message: dict[str, Any], when: str) -> None:
        """An event of EC2's, which is best effort."""
        if when == "now":
            self.send("reporter", message)
        elif when == "late":
            self.held_back.append(("reporter", message))

    @precondition(lambda self: self.held_back)
    @rule(data=st.data())
    def late_event(self, data: st.DataObject) -> None:
        """One of the events that were held up comes, in whatever order."""
        hold = data.draw(st.sampled_from(self.held_back))
        self.held_back.remove(hold)
        self.send(*hold)

    @rule(minutes=st.sampled_from([1, 10, 45, 176, 200]))
    def wait(self, minutes: int) -> None:
        """Time goes by."""
        self.world.pass_time(timedelta(minutes=minutes))

    @invariant()
    def one_instance_for_each_attempt(self) -> None:
        """After every step there is at most one instance, and one for each attempt."""
        played["steps"] += 1
        assert len(self.world.running()) <= 1
        assert all(count == 1 for count in self.world.launches.values())

    def teardown(self) -> None:
        """Let everything come to rest, and hold it against the promises."""
        world = self.world
        try:
            finish(world)
            world.pass_time(timedelta(days=4))
            played["calls"] += len(world.calls)
            played["faults"] += self.faults
            longest = IN_TIME + 2 * LONGEST_OUTAGE if self.faults else IN_TIME
            found = objections(world, longest=longest, mails=1 + self.faults)
            event(f"verdict {world.verdicts[0] if world.verdicts else 'none'}")
            played[f"ended {world.verdicts[0] if world.verdicts else 'in silence'}"] += 1
            assert found == []
        finally:
            self._context.__exit__(None, None, None)


@pytest.mark.slow
def test_any_order_of_events_faults_and_crashes_leads_to_one_mail(
    deployment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    global deployment_root
    deployment_root = deployment
    machine = AnyRun.TestCase
    machine.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize="MODEL_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    try:
        machine().runTest()
    finally:
        with capsys.disabled():
            print(f"\nmodel: {dict(sorted(played.items()))}")
