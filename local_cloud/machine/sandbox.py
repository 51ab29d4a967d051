"""Runs one instance's user data, confined, and stays with it until the machine is off.

``python -m local_cloud.sandbox MACHINE_DIRECTORY`` is the machine: it runs ``user-data`` from that
directory as a process group whose standard output goes to ``console.log``, obeys the stand-ins
for ``shutdown`` and its kin, which write to the pipe ``power``, and kills every descendant when
the machine ends: on power-off, on ``stop`` from its standard input, and when that closes because
whoever started it died. Its last words on standard output say why: ``guest`` or ``api``.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cloud.machine.confinement import adopt_orphans, confine, descendants

LONGEST_GRACE_SECONDS = 10.0
"""What ends by itself may take so long; a real operating system gives 90 seconds."""
_GRACE_MINUTES = 20.0
"""The same on a machine whose minutes are short."""


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """What a call of ``shutdown`` asks for; ``after_minutes`` None cancels an earlier one."""

    after_minutes: float | None
    powers_off: bool = True


def parse_power_request(words: Sequence[str]) -> PowerRequest | None:
    """The meaning of ``shutdown``'s words (``-P now``, ``-P +170``, ``-c``); None for none.

    ``halt`` stops the processor without powering off, which does not end an instance:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
    """
    command, *arguments = words
    if command in ("poweroff", "reboot", "halt"):
        return PowerRequest(0, powers_off=command == "poweroff")
    if "-c" in arguments:
        return PowerRequest(None)
    powers_off = not {"-H", "--halt", "-r", "--reboot"} & set(arguments)
    times = [word for word in arguments if not word.startswith("-")]
    if not times:
        return PowerRequest(1, powers_off)
    if times[0] == "now":
        return PowerRequest(0, powers_off)
    minutes = times[0].removeprefix("+")
    return PowerRequest(float(minutes), powers_off) if minutes.isdigit() else None


def run(directory: Path, environment: Mapping[str, str], minute_seconds: float) -> str:
    """Run the machine in ``directory`` until it ends; ``guest`` or ``api`` says who ended it."""
    adopt_orphans()
    # Open both ends, so that the pipe does not report its end whenever a stand-in has written.
    power = os.open(directory / "power", os.O_RDWR | os.O_NONBLOCK)
    grace_seconds = min(LONGEST_GRACE_SECONDS, _GRACE_MINUTES * minute_seconds)
    with (directory / "console.log").open("ab", buffering=0) as console:
        _boot(directory, environment, console.fileno())
        try:
            return _watch(power, minute_seconds, grace_seconds)
        finally:
            _kill_all(grace_seconds)


def _boot(directory: Path, environment: Mapping[str, str], console: int) -> None:
    """Start the user data as cloud-init does."""
    script = directory / "user-data"
    first_line = script.read_bytes().split(b"\n", 1)[0]
    if not first_line.startswith(b"#!"):
        os.write(console, b"cloud-init: Unhandled non-multipart (text/x-not-multipart) userdata\n")
        return
    interpreter = Path(first_line[2:].decode().split()[0]).name
    subprocess.Popen(
        [directory / "bin" / interpreter, script],
        stdin=subprocess.DEVNULL,
        stdout=console,
        stderr=console,
        env=dict(environment),
        cwd=directory / "root",
        start_new_session=True,
        preexec_fn=lambda: confine(directory, console),
    )


def _watch(power: int, minute_seconds: float, grace_seconds: float) -> str:
    ends_at: float | None = None
    while True:
        remaining = None if ends_at is None else max(0.0, ends_at - time.monotonic())
        readable, _, _ = select.select([power, sys.stdin], [], [], remaining)
        if not readable:
            return "guest"
        if sys.stdin in readable:
            sys.stdin.readline()
            return "api"
        for line in os.read(power, 65536).decode().splitlines():
            request = parse_power_request(line.split())
            if request is None:
                continue
            if not request.powers_off:
                _kill_all(grace_seconds)
            elif request.after_minutes is None:
                ends_at = None
            else:
                ends_at = time.monotonic() + request.after_minutes * minute_seconds


def _kill_all(grace_seconds: float) -> None:
    """End every descendant: politely at first, as an operating system that shuts down does."""
    for process in descendants(os.getpid()):
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while True:
        _reap()
        alive = descendants(os.getpid())
        if not alive:
            return
        if time.monotonic() > deadline:
            for process in alive:
                _signal(process, signal.SIGKILL)
        time.sleep(0.01)


def _signal(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def main() -> None:
    """Run one machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--minute-seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    # Ctrl-C reaches the whole foreground group; the machine ends when its owner says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    environment = dict(
        line.split("=", 1)
        for line in (arguments.directory / "environment").read_text().splitlines()
    )
    print(run(arguments.directory, environment, arguments.minute_seconds), flush=True)


if __name__ == "__main__":
    main()
