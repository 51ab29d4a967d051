"""``make demo-interruption``: AWS reclaims the instance, and the next attempt continues."""

import contextlib
import sys
from typing import Any

from local_cloud.demo.complete_run import Demo
from local_cloud.demo.console import show
from local_cloud.github import Fault
from local_cloud.stack import Stack

SLOW_REPOSITORY = "unicode"
NOTICE_SECONDS = 60
_EXPECTED = 9
"""Archives of the stand-in's corpus with its wikis, without ``SLOW_REPOSITORY`` and the history."""


class InterruptionDemo(Demo):
    """One run in two attempts.

    GitHub never finishes sending one repository to the first attempt, so that the interruption
    surely finds it at work; whatever else was uploaded by then is not fetched again.
    """

    def run(self, owner: str = "") -> None:
        """Everything. Raises :class:`SessionError` when a part fails."""
        with contextlib.ExitStack() as cleanup:
            session = self._open(cleanup)
            source = self._source("", session, cleanup)
            assert self._hub
            self._hub.faults.add(Fault(f"*/{SLOW_REPOSITORY}.git/git-upload-pack", "hang"))
            stack = self._set_up(session, source)
            first = self._launch(stack)
            with self.step("The first attempt uploads all but the slowest repository") as step:
                saved = session.wait_for("the archives", lambda: _all_but_one(stack), 120)
                step.remark = f" ({saved} archives)"
            with self.step(f"AWS will reclaim {first['instance_id']}: the two minutes' notice"):
                session.post(
                    f"instances/{first['instance_id']}/interrupt",
                    {"notice_seconds": NOTICE_SECONDS},
                )
                session.wait_for("the first instance to end", lambda: _ended(stack, 1), 120)
            self._hub.faults.clear()
            before = len(self._hub.requests)
            with self.step("The next attempt of the same run goes on") as step:
                second = session.wait_for(
                    "the second instance to end", lambda: _ended(stack, 2), 120
                )
                packs = [
                    request.path.removesuffix("/git-upload-pack")
                    for request in self._hub.requests[before:]
                    if request.path.endswith("/git-upload-pack")
                ]
                step.remark = f" ({second['id']} fetched only {', '.join(packs)})"
            self._show_mail(stack)


def _all_but_one(stack: Stack) -> int | None:
    """The number of archives, once all but the slow repository's exist; None before."""
    keys = [key for key in stack.objects("github_backups/") if key.endswith(".zip")]
    return len(keys) if len(keys) >= _EXPECTED else None


def _ended(stack: Stack, number: int) -> dict[str, Any] | None:
    """The ``number``-th instance, once it is terminated."""
    instances = stack.instances()
    if len(instances) < number or instances[number - 1]["state"] != "terminated":
        return None
    return instances[number - 1]


if __name__ == "__main__":
    sys.exit(show(lambda console: InterruptionDemo(console).run()))
