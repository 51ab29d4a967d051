"""``make bench-functions``: both Lambda functions as they are deployed, in AWS's own emulator.

The artifacts that ``sam build`` makes run behind the runtime interface emulator that comes with the
SAM CLI, as processes of this machine, and speak to moto's server. Measured are packages, cold and
warm invocations, and the reporter that verifies thousands of archives: its processor time and its
peak memory are the function's own; its wall time is mostly that of the server. Wall
and cold times are only worth something where the load average says that the machine was idle.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import build
from backup_contract.moments import iso, moment_of
from tools.bench.measure import exit_on_sigterm
from tools.bench.standins.account import Account, fill, moto_server

RESULTS = Path(__file__).parent / "results" / "functions"
RIE = "local/rapid/aws-lambda-rie-x86_64"
MEMORY_MB = {"launcher": 512, "reporter": 3008}
TIMEOUT_SECONDS = {"launcher": 300, "reporter": 900}
VCPU_MB = 1769
"""At this memory a function has one vCPU, below it a share of one:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
_WARM = 30
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Package:
    """One artifact, as it is uploaded and as it is unpacked."""

    function: str
    zipped_mb: float
    unzipped_mb: float


@dataclass(frozen=True)
class Invocation:
    """One kind of invocation: the first one with its start, and the median of those after it."""

    function: str
    event: str
    cold_ms: float
    warm_ms: float
    memory_mb: float


@dataclass(frozen=True)
class Verification:
    """A report on a run of so many archives."""

    archives: int
    wall_seconds: float
    cpu_seconds: float
    memory_mb: float

    @property
    def lambda_seconds(self) -> float:
        """The processor time, at the share of a processor that the function has, one at most."""
        return self.cpu_seconds * max(1, VCPU_MB / MEMORY_MB["reporter"])


class Function:
    """One function behind the runtime interface emulator."""

    def __init__(self, name: str, artifact: Path, account: Account, runtime: Path) -> None:
        self._ports = [_free_port(), _free_port()]
        emulator = str(files("samcli") / RIE)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{artifact}{os.pathsep}{runtime}",
            "LAMBDA_TASK_ROOT": str(artifact),
            "AWS_LAMBDA_FUNCTION_NAME": f"stack-{name}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB[name]),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT_SECONDS[name]),
            "POWERTOOLS_SERVICE_NAME": name,
            **account.environment,
        }
        self._process = subprocess.Popen(
            [
                emulator,
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self._ports[0]}"),
                *("--runtime-api-address", f"127.0.0.1:{self._ports[1]}"),
                *(sys.executable, "-m", "awslambdaric", f"{name}.app.handler"),
            ],
            cwd=artifact,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for_port(self._ports[0])

    def invoke(self, event: Mapping[str, Any]) -> tuple[float, Any]:
        """Milliseconds, and the answer. Raises RuntimeError with the function's error."""
        url = f"http://127.0.0.1:{self._ports[0]}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, data=json.dumps(event).encode())
        started = time.perf_counter()
        with _DIRECT.open(request, timeout=max(TIMEOUT_SECONDS.values())) as answer:
            data = answer.read()
        took = (time.perf_counter() - started) * 1000
        message = json.loads(data)
        if "errorMessage" in message:
            raise RuntimeError(data.decode())
        return took, message

    def usage(self) -> tuple[float, float]:
        """Peak memory in MB and processor seconds so far of the function's own process."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        found = [Path("/proc", pid) for pid in _descendants(children)]
        python = [each for each in found if b"awslambdaric" in (each / "cmdline").read_bytes()]
        status = (python[-1] / "status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        fields = (python[-1] / "stat").read_text().rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return int(peak.split()[1]) * 1024 / 1e6, seconds

    def close(self) -> None:
        """End the emulator and the function in it."""
        self._process.terminate()
        self._process.wait(10)


def _descendants(children: Path) -> Iterator[str]:
    for task in children.parent.parent.glob("*/children"):
        for pid in task.read_text().split():
            yield pid
            yield from _descendants(Path(f"/proc/{pid}/task/{pid}/children"))


def main() -> int:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="make bench-functions", description=__doc__)
    parser.add_argument("--archives", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    exit_on_sigterm()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="functions.") as name:
        work = Path(name)
        artifacts = {function: work / function for function in MEMORY_MB}
        for function, artifact in artifacts.items():
            build.build(function, artifact)
        packages = [_package(function, artifact) for function, artifact in artifacts.items()]
        runtime = _runtime(work / "runtime")
        with moto_server() as url:
            account = Account.made(url)
            invocations = list(_invocations(artifacts, account, runtime))
            verified = [
                _verify(artifacts, account, runtime, f"2026-02-{day:02}T17-00-00Z", n)
                for day, n in enumerate(options.archives, 1)
            ]
    _write(packages, invocations, verified, load, options.results)
    return 0


def _package(function: str, artifact: Path) -> Package:
    archive = Path(shutil.make_archive(str(artifact) + "-package", "zip", artifact))
    unzipped = sum(each.stat().st_size for each in artifact.rglob("*") if each.is_file())
    return Package(function, archive.stat().st_size / 1e6, unzipped / 1e6)


def _runtime(folder: Path) -> Path:
    """AWS's runtime interface client, at the version that the stand-in image has."""
    lock = build.ROOT / "local_cloud" / "lambda_image" / "requirements.txt"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
    subprocess.run([*install, "--require-hashes", "--requirement", str(lock)], check=True)
    return folder


def _invocations(
    artifacts: Mapping[str, Path], account: Account, runtime: Path
) -> Iterator[Invocation]:
    foreign = json.loads((build.ROOT / "events" / "terminated_foreign.json").read_text())
    runs = (
        {"trigger": "schedule", "scheduled_time": f"2026-01-01T00:00:{second:02}Z"}
        for second in range(60)
    )
    settled = {"trigger": "recheck", "run_id": "2025-01-01T00-00-00Z"}
    kinds: list[tuple[str, str, Iterator[Mapping[str, Any]]]] = [
        ("launcher", "a launch", iter(runs)),
        ("launcher", "a dry run", iter(lambda: {"dry_run": True}, None)),
        ("reporter", "an instance that is not ours", iter(lambda: foreign, None)),
        ("reporter", "a run that is not known", iter(lambda: settled, None)),
    ]
    for name, title, events in kinds:
        function = Function(name, artifacts[name], account, runtime)
        with contextlib.closing(function):
            cold, _ = function.invoke(next(events))
            warm = statistics.median(function.invoke(next(events))[0] for _ in range(_WARM))
            yield Invocation(name, title, cold, warm, function.usage()[0])


def _verify(
    artifacts: Mapping[str, Path], account: Account, runtime: Path, run_id: str, archives: int
) -> Verification:
    """Launch, put what a backup leaves behind, end the instance, and let the reporter judge."""
    launcher = Function("launcher", artifacts["launcher"], account, runtime)
    with contextlib.closing(launcher):
        due = {"trigger": "schedule", "scheduled_time": iso(moment_of(run_id))}
        _, launched = launcher.invoke(due)
    fill(account, run_id, archives)
    account.end_instance(launched["instance_id"])
    reporter = Function("reporter", artifacts["reporter"], account, runtime)
    with contextlib.closing(reporter):
        took, _ = reporter.invoke({"trigger": "recheck", "run_id": run_id})
        report = account.report(run_id)
        if report["verdict"] != "verified":
            raise RuntimeError(f"not verified: {report['reason']} {report['problems']}")
        memory, seconds = reporter.usage()
    return Verification(archives, took / 1000, seconds, memory)


def _write(
    packages: list[Package],
    invocations: list[Invocation],
    verified: list[Verification],
    load: float,
    results: Path,
) -> None:
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    )
    text = (
        f"# The functions, measured\n\n{machine}. Made by `make bench-functions`; do not edit.\n\n"
        f"{__doc__.partition(chr(10) * 2)[2]}\n"
        "| package | zipped MB | unpacked MB |\n|---|---|---|\n"
    )
    for p in packages:
        text += f"| {p.function} | {p.zipped_mb:.1f} | {p.unzipped_mb:.1f} |\n"
    text += "\n| invocation | cold ms | warm ms | peak MB | of MB |\n|---|---|---|---|---|\n"
    for i in invocations:
        text += (
            f"| {i.function}: {i.event} | {i.cold_ms:.0f} | {i.warm_ms:.0f} | {i.memory_mb:.0f} "
            f"| {MEMORY_MB[i.function]} |\n"
        )
    text += (
        "\nCold is from the request to the answer with nothing started: the interpreter, the "
        "imports, the clients, and the work.\n\n"
        f"| archives verified | wall s | CPU s | at {MEMORY_MB['reporter']} MB, s | of s | peak MB "
        "| of MB |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    for v in verified:
        text += (
            f"| {v.archives} | {v.wall_seconds:.1f} | {v.cpu_seconds:.1f} "
            f"| {v.lambda_seconds:.0f} | {TIMEOUT_SECONDS['reporter']} | {v.memory_mb:.0f} "
            f"| {MEMORY_MB['reporter']} |\n"
        )
    text += (
        f"\n*At {MEMORY_MB['reporter']} MB* is an estimate: this machine's processor seconds, and "
        "more where AWS gives a function of that size less than one vCPU.\n"
    )
    results.mkdir(parents=True, exist_ok=True)
    (results / "README.md").write_text(text)
    figures = {
        "machine": machine,
        "packages": [asdict(each) for each in packages],
        "invocations": [asdict(each) for each in invocations],
        "verifications": [asdict(each) for each in verified],
    }
    (results / "results.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for_port(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


if __name__ == "__main__":
    sys.exit(main())
