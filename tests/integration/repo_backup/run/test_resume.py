"""Ended at any instant and started again with the same run id, a run goes on where it was."""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from _pytest.mark.structures import ParameterSet

from backup_contract.documents.progress import Progress
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, Repository
from repo_backup.aws import spot_notice as interruption
from repo_backup.run import lease
from repo_backup.run import runner as backup
from repo_backup.runtime import cancellation as stop
from repo_backup.runtime.errors import FatalError
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import Bucket, Destination, refs

Upstream = Callable[[str], Path]
HANG = Fault("/octo/unicode.git/git-upload-pack", "hang", after_bytes=100_000)
"""After a whole packet at least, which may have 65,520 bytes: git gets the beginning of a pack."""
PROGRAM = """
import sys
from repo_backup.run import runner as backup
from repo_backup.cli import main as cli
from repo_backup.aws import spot_notice as interruption
from repo_backup.run import checkpoints as journal
from repo_backup.runtime import cancellation as stop
journal.CHECKPOINT_SECONDS = 0.1
interruption.POLL_SECONDS = 0.1
backup.STOPPING_SECONDS = stop.CLEANUP_SECONDS = 0.5
sys.exit(cli.main(sys.argv[1:]))
"""
"""The program with its clocks wound up."""


def _slow(*values: object) -> ParameterSet:
    """Values of a test that has others for ``make test``: each process costs half a second."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture
def start(
    hub: GitHubStandIn, destination: Destination
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the program as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *arguments: str, to: str = "", environment: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        location = to or str(destination.root)
        command = [sys.executable, "-c", PROGRAM, "backup", "--no-data", "--owner", "octo"]
        path = os.pathsep.join(filter(None, sys.path))
        process = subprocess.Popen(
            [*command, "--destination", location, "--run-id", "r1", *arguments],
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until a condition of another process holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _all_but_unicode(destination: Destination) -> Callable[[], bool]:
    return lambda: (
        (destination.root / "runs/r1/manifest.json").exists()
        and len(destination.manifest()["repositories"]) == 7
    )


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, _slow(signal.SIGINT), signal.SIGKILL], ids=lambda each: each.name
)
def test_an_ended_run_continues_without_fetching_again(
    destination: Destination,
    hub: GitHubStandIn,
    upstream: Upstream,
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[str]],
    number: signal.Signals,
) -> None:
    hub.faults.add(HANG)
    process = start()
    wait_for(_all_but_unicode(destination))
    process.send_signal(number)
    assert process.wait(20) == (75 if number != signal.SIGKILL else -signal.SIGKILL)
    assert destination.markers() == []
    assert destination.manifest()["complete"] is False
    if number != signal.SIGKILL:
        output = Progress.from_json((destination.root / "runs/r1/progress.json").read_bytes())
        assert (output.attempt, output.phase, output.done, output.listed) == (
            1,
            "interrupted",
            7,
            8,
        )

    hub.faults.clear()
    hub.requests.clear()
    assert destination.backup("--attempt", "2") == 0
    posts = [request.path for request in hub.requests if request.method == "POST"]
    assert posts == ["/octo/unicode.git/git-upload-pack"]
    assert set(destination.states().values()) == {"backed-up", "empty", "absent"}
    assert refs(destination.restored("unicode", tmp_path / "out")) == refs(upstream("unicode"))
    assert len(destination.markers()) == 1


@pytest.mark.parametrize("moment", [_slow(0.0), 0.15, _slow(0.4)])
def test_killed_at_any_instant_it_ends_with_the_same_refs(
    destination: Destination,
    upstream: Upstream,
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[str]],
    moment: float,
) -> None:
    process = start()
    wait_for(lambda: (destination.root / "runs/lock.json").exists())
    time.sleep(moment)
    process.kill()
    process.wait()
    assert destination.backup("--attempt", "2") == 0
    for name in ("hello", "unicode", "secret"):
        assert refs(destination.restored(name, tmp_path / name)) == refs(upstream(name))


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only")
def test_where_memory_runs_out_a_git_goes_first(
    hub: GitHubStandIn, start: Callable[..., subprocess.Popen[str]]
) -> None:
    hub.faults.add(HANG)
    process = start()

    def children() -> list[Path]:
        listed = Path(f"/proc/{process.pid}/task").glob("*/children")
        numbers = " ".join(path.read_text() for path in listed).split()
        return [Path(f"/proc/{number}/oom_score_adj") for number in numbers]

    def last_one_marked() -> bool:
        with contextlib.suppress(OSError):
            scores = [int(path.read_text()) for path in children()]
            return scores == [800]
        return False

    wait_for(last_one_marked)
    assert int(Path(f"/proc/{process.pid}/oom_score_adj").read_text()) < 800


@pytest.fixture
def slow_git(tmp_path: Path) -> "SlowGit":
    """Makes a git that takes for ever for one of its commands.

    The environment that has it, and what is in /proc of it once it is in progress, until it ends.
    """
    pid, fake = tmp_path / "pid", tmp_path / "bin" / "git"

    def at_work() -> Path | None:
        text = pid.read_text().strip() if pid.exists() else ""
        return Path(f"/proc/{text}") if text else None

    def make(command: str) -> tuple[dict[str, str], Callable[[], Path | None]]:
        fake.parent.mkdir()
        fake.write_text(
            f'#!/bin/sh\ncase "$*" in *" {command} "*)\n'
            f"cat > /dev/null; echo $$ > {pid}; exec sleep 600;;\nesac\n"
            f'exec {shutil.which("git")} "$@"\n'
        )
        fake.chmod(0o755)
        return {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}, at_work

    return make


SlowGit = Callable[[str], tuple[dict[str, str], Callable[[], Path | None]]]
PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux only")


@PROC
@pytest.mark.parametrize(
    ("step", "signals"), [("index-pack", 1), ("fsck", 2), _slow("index-pack", 2), _slow("fsck", 1)]
)
def test_an_interrupted_run_leaves_no_git_behind(
    start: Callable[..., subprocess.Popen[str]], slow_git: SlowGit, step: str, signals: int
) -> None:
    """Neither while it checks a pack nor in the drill; a second signal ends it at once."""
    environment, at_work = slow_git(step)
    process = start("--only", "hello", "--no-wikis", environment=environment)
    wait_for(at_work)
    for _ in range(signals):
        process.terminate()
    began = time.monotonic()
    assert process.wait(30) == 75
    assert time.monotonic() - began < 12
    _wait_for_end(at_work())


@PROC
@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, _slow(signal.SIGHUP), _slow(signal.SIGINT)],
    ids=lambda each: each.name,
)
def test_an_interrupted_verify_leaves_neither_a_git_nor_a_file_behind(
    destination: Destination, slow_git: SlowGit, tmp_path: Path, number: signal.Signals
) -> None:
    assert destination.backup("--only", "hello", "--no-drill") == 0
    environment, at_work = slow_git("fsck")
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-m", "repo_backup", "verify", "--source", str(destination.root)],
        env={**os.environ, "PYTHONPATH": path, **environment},
    ) as process:
        wait_for(at_work)
        process.send_signal(number)
        assert process.wait(20) == 75
    _wait_for_end(at_work())
    assert list((tmp_path / "scratch").glob("repo_backup.*")) == []


def _wait_for_end(process: Path | None) -> None:
    assert process
    wait_for(lambda: not process.exists(), seconds=2)


def test_an_earlier_runs_checkpoint_counts_for_the_next_run(
    destination: Destination, hub: GitHubStandIn, start: Callable[..., subprocess.Popen[str]]
) -> None:
    hub.faults.add(HANG)
    process = start()
    wait_for(_all_but_unicode(destination))
    process.terminate()
    process.wait(20)
    hub.faults.clear()
    assert destination.backup(run_id="r2") == 0
    states = destination.states("r2")
    assert (states["hello"], states["unicode"]) == ("unchanged", "backed-up")


def test_a_second_run_refuses_while_the_first_works(
    destination: Destination,
    hub: GitHubStandIn,
    start: Callable[..., subprocess.Popen[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.faults.add(HANG)
    start()
    wait_for(_all_but_unicode(destination))
    assert destination.backup(run_id="r2") == 1
    assert "run r1 is writing to this destination" in capsys.readouterr().err


def test_a_run_that_was_not_named_never_takes_a_lease_over(destination: Destination) -> None:
    store = DirectoryStore(destination.root)
    with lease.Lease(store, "r1", 1, stop.CancellationToken()).hold():
        same_second = lease.Lease(store, "r1", 1, stop.CancellationToken(), continues=False)
        with pytest.raises(FatalError, match="continue it with --run-id r1"), same_second.hold():
            pytest.fail("two runs at once")


def test_a_lease_taken_over_stops_the_former_holder(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    store = DirectoryStore(destination.root)
    first, second = stop.CancellationToken(), stop.CancellationToken()
    one = lease.Lease(store, "r1", 1, first)
    with one.hold(), lease.Lease(store, "r1", 2, second).hold():
        assert first.wait(5)
        assert one.lost
        assert not second.requested


def test_an_interruption_leaves_time_to_spare() -> None:
    last_words = 2 * stop.CLEANUP_SECONDS + 1
    assert interruption.POLL_SECONDS + backup.STOPPING_SECONDS + last_words < 20
    assert stop.GRACE_SECONDS < backup.STOPPING_SECONDS


@pytest.mark.parametrize("ended", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_an_account_too_large_for_one_deadline_finishes_over_several_attempts(
    destination: Destination,
    hub: GitHubStandIn,
    upstream: Upstream,
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[str]],
    ended: int,
) -> None:
    many = 4 * ended
    for number in range(100, 100 + many):
        hub.catalogue.add(Repository(number, "octo", f"many-{number}"))
        shutil.copytree(upstream("hello"), upstream(f"many-{number}"))
    chosen = ["--jobs", "2", "--no-wikis", "--no-drill", "--only", "many-*"]

    def asked_for(repositories: set[str]) -> bool:
        asked = {request.path for request in [*hub.requests]}
        return asked >= {f"/octo/{each}/info/refs" for each in repositories}

    for attempt in range(1, ended + 1):
        # Two connections that hang keep both jobs busy until the deadline.
        stuck = {f"many-{98 + 4 * attempt + n}.git" for n in (0, 1)}
        for each in stuck:
            hub.faults.add(Fault(f"/octo/{each}/git-upload-pack", "hang", after_bytes=100))
        process = start(*chosen, "--attempt", str(attempt))
        wait_for(functools.partial(asked_for, stuck), seconds=60)
        process.terminate()
        assert process.wait(30) == 75
        hub.faults.clear()
        output = destination.manifest()
        assert output["repositories"]
        assert (output["attempt"], output["complete"]) == (attempt, False)
        assert destination.markers() == []
    assert start(*chosen, "--attempt", str(ended + 1)).wait(60) == 0
    fetched = [r.path for r in hub.requests if r.method == "POST" and r.status == 200]
    # What was in flight is fetched again, two at most in each attempt, and nothing else.
    assert many <= len(fetched) <= many + 2 * ended
    assert set(destination.states().values()) == {"backed-up", "skipped"}
    assert len(destination.markers()) == 1
    assert refs(destination.restored(f"many-{99 + many}", tmp_path / "out")) == refs(
        upstream("hello")
    )


class _Tap(threading.Thread):
    """A relay to the S3 server that, once told to, passes nothing on any more."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(daemon=True)
        self.shut = threading.Event()
        self._target = urlsplit(endpoint)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._socket.accept()
                there = socket.create_connection((self._target.hostname, self._target.port))
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (block := source.recv(65536)) and not self.shut.is_set():
                target.sendall(block)
            if not self.shut.is_set():
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it."""
        self._socket.close()


def test_an_interrupted_run_ends_in_time_whatever_the_store_does(
    hub: GitHubStandIn, start: Callable[..., subprocess.Popen[str]], s3: Bucket
) -> None:
    tap = _Tap(s3.endpoint)
    tap.start()
    hub.faults.add(HANG)
    where = {"AWS_ENDPOINT_URL": tap.endpoint, "GITHUB_TOKEN": CORPUS_TOKEN}
    process = start(to=s3.location, environment=where)
    wait_for(lambda: "runs/r1/manifest.json" in s3.keys)
    tap.shut.set()
    process.terminate()
    began = time.monotonic()
    assert process.wait(30) == 75
    assert time.monotonic() - began < 12
    tap.close()


class _Metadata(BaseHTTPRequestHandler):
    notice = threading.Event()

    def do_PUT(self) -> None:
        self._say(200, b"session")

    def do_GET(self) -> None:
        known = self.headers.get("X-aws-ec2-metadata-token") == "session"
        wanted = self.path == "/latest/meta-data/spot/instance-action"
        if known and wanted and self.notice.is_set():
            self._say(200, b'{"action": "terminate", "time": "2026-11-27T17:02:00Z"}')
        else:
            self._say(404, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_spot_interruption_notice_ends_the_run_resumably(
    hub: GitHubStandIn, start: Callable[..., subprocess.Popen[str]], s3: Bucket
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    hub.faults.add(HANG)
    process = start(
        to=s3.location,
        environment={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_ENDPOINT_URL": s3.endpoint,
            "GITHUB_TOKEN": CORPUS_TOKEN,
        },
    )
    wait_for(lambda: "github_backups/octo/hello.zip" in s3.keys)
    _Metadata.notice.set()
    noticed = time.monotonic()
    assert process.wait(20) == 75
    assert time.monotonic() - noticed < 10
    assert "spot interruption notice" in process.communicate()[1]
    assert "runs/r1/manifest.json" in s3.keys
    output = Progress.from_json(s3.text("runs/r1/progress.json").encode())
    assert (output.phase, output.listed) == ("reclaimed", 8)
    assert not any(key.endswith(".txt") for key in s3.keys)
    server.shutdown()
    server.server_close()
