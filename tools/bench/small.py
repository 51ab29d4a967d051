"""``make bench PART=small``: a machine of 1 GB memory and 2 GB disk, its limits really set.

As root on Linux: a control group holds the memory of the whole process tree, caches included, and
a file system of that size is ``TMPDIR``. The account has the shape of one of 50 GB: many small
repositories, a few large ones, more than the disk holds. Writes ``results/small.md``,
or with ``--eighth`` ``small-eighth.md``.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.bench import contenders, corpus
from tools.bench.environments import CACHE, ROOT, describe_machine, programs
from tools.bench.measure import Sample, exit_on_sigterm, measure
from tools.bench.standins import servers

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Machine:
    """Its limits in MiB, and the account: small repositories, and the sizes of large ones in MB."""

    title: str
    memory: int
    disk: int
    repositories: int
    large: tuple[int, ...]
    results: str


WHOLE = Machine(
    "1 GB of memory and 2 GB of disk",
    *(1024, 2048, 200, (700, 500, 400, 300, 200, 200, 100)),
    results="small.md",
)
EIGHTH = Machine(
    "256 MB of memory and 256 MB of disk",
    *(256, 256, 25, (88, 62, 50, 38, 25, 25, 12)),
    results="small-eighth.md",
)
"""Disk and account an eighth, memory a quarter: harder than the whole, and done in a minute."""
_CGROUPS = Path("/sys/fs/cgroup")
_LOOK_SECONDS = 0.05


def main() -> int:
    """Measure a full run with its drill, an unchanged one, and ``verify --all``."""
    parser = argparse.ArgumentParser(prog="make bench PART=small", description=__doc__)
    parser.add_argument("--eighth", action="store_true", help="an eighth of it, in a minute")
    machine = EIGHTH if parser.parse_args().eighth else WHOLE
    exit_on_sigterm()
    if os.geteuid():
        print("only root can set these limits", file=sys.stderr)
        return 1
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    megabytes = tuple(size * 1_000_000 for size in machine.large)
    place = CACHE / "corpus" / Path(machine.results).stem
    account = corpus.generate(place, machine.repositories, megabytes)
    total = sum(path.stat().st_size for path in account.rglob("*.pack"))
    lines = [
        f"# A machine of {machine.title}\n",
        f"{describe_machine()}; limits set by a control group (caches count) and a file system.",
        f"{machine.repositories + len(machine.large)} repositories of {total / 1e6:.0f} MB, the "
        f"largest {max(machine.large)} MB: the shape of an account of 50 GB, and more than the "
        "disk holds.",
        "Made by `make bench PART=small`; do not edit.\n",
        "| step | rc | wall s | CPU s | peak MB of the processes | of the group, with caches "
        "| killed for memory | peak MB on disk |",
        "|---" * 8 + "|",
    ]
    codes = []
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        with servers.running(account, work / "servers", 0) as up, _disk(work, machine) as disk:
            up.s3_client().create_bucket(Bucket=contenders.BUCKET)
            at = contenders.Place(up, work, programs())
            drilled = contenders.OURS.command
            verify = [*drilled(at, 0)[:3], "verify", "--all"]
            verify += ["--source", f"s3://{contenders.BUCKET}/ours"]
            steps = {
                "full run, with its drill": drilled(at, 0),
                "nothing changed, with its drill": drilled(at, 1),
                "verify --all": verify,
            }
            environment = {
                **up.environment(),
                "PYTHONPATH": str(ROOT / "instance_scripts"),
                "TMPDIR": str(disk),
            }
            for step, command in steps.items():
                sample, group, killed, used = _confined(command, environment, work, disk, machine)
                codes.append(sample.exit_code)
                lines.append(
                    f"| {step} | {sample.exit_code} | {sample.wall_seconds:.1f} "
                    f"| {sample.cpu_seconds:.1f} | {sample.memory_mb:.0f} | {group / 1e6:.0f} "
                    f"| {killed} | {used / 1e6:.0f} |"
                )
                print(lines[-1], flush=True)
                if sample.exit_code:
                    print((work / "log").read_text()[-3000:], file=sys.stderr)
    RESULTS.joinpath(machine.results).write_text("\n".join(lines) + "\n")
    return int(any(codes))


def _confined(
    command: list[str], environment: dict[str, str], work: Path, disk: Path, machine: Machine
) -> tuple[Sample, int, int, int]:
    """The sample, the group's peak bytes, processes killed, and the peak bytes on the disk."""
    full, peak, done = shutil.disk_usage(disk).free, [0], threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            peak[0] = max(peak[0], full - shutil.disk_usage(disk).free)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with _group(machine) as group:
            # The shell joins the group and becomes the program.
            enter = ["sh", "-c", f'echo $$ > {group / "cgroup.procs"} && exec "$@"', "sh"]
            sample = measure([*enter, *command], environment, work / "log")
            highest, killed = _highest(group)
    finally:
        done.set()
        watcher.join()
    return sample, highest, killed, peak[0]


@contextlib.contextmanager
def _group(machine: Machine) -> Iterator[Path]:
    """A control group of either version with the memory limit."""
    old = (_CGROUPS / "memory").is_dir()
    group = (_CGROUPS / "memory" if old else _CGROUPS) / "online-backup-benchmark"
    group.mkdir()
    try:
        limit = "memory.limit_in_bytes" if old else "memory.max"
        (group / limit).write_text(str(machine.memory << 20))
        yield group
    finally:
        group.rmdir()


def _highest(group: Path) -> tuple[int, int]:
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        if (group / name).exists():
            highest = int((group / name).read_text())
    for name in ("memory.oom_control", "memory.events"):
        if (group / name).exists():
            killed = dict(line.split() for line in (group / name).read_text().splitlines())
    return highest, int(killed["oom_kill"])


@contextlib.contextmanager
def _disk(work: Path, machine: Machine) -> Iterator[Path]:
    """A file system of the size of the disk."""
    image, place = work / "disk.img", work / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(machine.disk << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


if __name__ == "__main__":
    sys.exit(main())
