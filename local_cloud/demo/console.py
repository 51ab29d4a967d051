"""The output of a demo: its steps, and its end, also after an error or Ctrl-C."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from local_cloud.session import SessionError, neutralise


class Step:
    """A running step. ``say`` shows its progress; ``remark`` stays after its title."""

    def __init__(self, title: str, status: Any) -> None:
        """Show progress in ``status``."""
        self.remark = ""
        self._title = title
        self._status = status

    def say(self, text: str) -> None:
        """Show ``text`` until the next call."""
        self._status.update(f"{self._title}: {text}")


@contextlib.contextmanager
def step_on(console: Console, title: str) -> Iterator[Step]:
    """One step: a spinner while it works, then its time."""
    started = time.monotonic()
    with console.status(f"{title} …") as status:
        step = Step(title, status)
        try:
            yield step
        except BaseException:
            console.print(f"[red]✗[/] {title}")
            raise
    seconds = time.monotonic() - started
    console.print(
        f"[green]✓[/] {title}[dim]{step.remark}[/]  [cyan]{seconds:.1f} s[/]", highlight=False
    )


def show(run: Callable[[Console], None], left: str = "") -> int:
    """Run a demo and handle its errors. Returns the exit code. ``left`` is what it leaves."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    neutralise(os.environ)
    console = Console(soft_wrap=True)
    started = time.monotonic()
    try:
        run(console)
    except SessionError as error:
        console.print(f"[bold red]{error}[/]")
        if error.details:
            console.print(error.details, markup=False, highlight=False)
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"[bold red]`{' '.join(map(str, error.cmd))}` failed.[/]")
        console.print(error.stderr or "", markup=False, highlight=False)
        return 1
    except ClientError as error:
        console.print(f"[bold red]The embedded cloud refused: {error}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is cleaned up.")
        return 130
    nothing = " ".join(filter(None, ("nothing", left)))
    console.print(f"Done in {time.monotonic() - started:.0f} s; {nothing} is left behind.")
    return 0


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
