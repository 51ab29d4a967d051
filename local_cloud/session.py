"""An embedded cloud for as long as a ``with`` block lasts; the demo and the tests share it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import boto3

ROOT = Path(__file__).resolve().parent.parent
REGION = "eu-central-1"

_T = TypeVar("_T")
_POLL_SECONDS = 0.1
# The only variables of the user's environment that the cloud gets. Functions inherit them from it.
_SERVER_VARIABLES = ("PATH", "LANG", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE")
# Connects to the loopback interface directly, even if the user has a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SessionError(Exception):
    """An error in the embedded cloud; ``details`` is the end of the log that explains it."""

    def __init__(self, message: str, details: str = "") -> None:
        """Create the error with both texts."""
        super().__init__(message)
        self.details = details
        self.add_note(details)


@dataclass(slots=True)
class Session:
    """A running embedded cloud with a directory of its own. Use it in a ``with`` block.

    ``minute_seconds`` is the duration of a minute of ``shutdown +N`` on its instances.
    ``event_copies`` is how often it delivers each event of EC2, which AWS delivers at least once.
    """

    minute_seconds: float = 60.0
    event_copies: int = 1
    directory: Path = field(init=False)
    url: str = field(init=False)
    _server: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        """Start the cloud. Raises :class:`SessionError` if it does not start."""
        (ROOT / ".demo").mkdir(exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="cloud-", dir=ROOT / ".demo"))
        with (self.directory / "server.log").open("w") as log:
            self._server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local_cloud.aws.server"),
                    *("--directory", str(self.directory), "--region", REGION),
                    *("--minute-seconds", str(self.minute_seconds)),
                    *("--event-copies", str(self.event_copies)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={k: v for k, v in os.environ.items() if k in _SERVER_VARIABLES},
                start_new_session=True,
            )
        assert self._server.stdout is not None
        self.url = self._server.stdout.readline().strip()
        if not self.url:
            details = self.log_end()
            self.close()
            raise SessionError("The embedded cloud did not start.", details)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the cloud and remove its files."""
        self.close()

    def close(self) -> None:
        """Stop the cloud, its machines included, and remove its directory."""
        self._server.terminate()
        try:
            self._server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
        for stream in (self._server.stdin, self._server.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        with contextlib.suppress(OSError):  # another session's directory is still in it
            (ROOT / ".demo").rmdir()

    def environment(self) -> dict[str, str]:
        """The environment for tools that must use this cloud and never the real AWS."""
        person = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAM_"))}
        return {
            **person,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SAM_CLI_TELEMETRY": "0",
            # sam leaves empty folders behind; here they go with the session.
            "TMPDIR": str(self.directory),
            "__SAM_CLI_APP_DIR": str(self.directory / "sam"),
        }

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        from botocore.config import Config

        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, read_timeout=330, retries={"total_max_attempts": 1}),
        )

    def get(self, path: str) -> Any:
        """The cloud's JSON response at ``/_local/PATH``."""
        return self._local("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request to the cloud's control path ``/_local/PATH``; its JSON response."""
        return self._local("POST", path, body or {})

    def wait_for(self, what: str, look: Callable[[], _T | None], seconds: float) -> _T:
        """Call ``look`` until it returns a value. Raises SessionError after ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen = look()
            if seen is not None:
                return seen
            if self._server.poll() is not None:
                raise SessionError("The embedded cloud died.", self.log_end())
            time.sleep(_POLL_SECONDS)
        raise SessionError(
            f"Waited {seconds:.0f} s for {what}, which did not come.", self.log_end()
        )

    def log_end(self, lines: int = 40) -> str:
        """The end of the cloud's log."""
        log = self.directory / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

    def _local(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_local/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with _DIRECT.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.URLError as error:
            raise SessionError(
                f"The embedded cloud did not answer {path}: {error}", self.log_end()
            ) from error


def run_tool(argv: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Run a tool in the project's root with its output in ``log``.

    Raises :class:`SessionError` with the end of the output when it fails. Whatever interrupts the
    wait ends the tool and its children.
    """
    with log.open("w") as output:
        tool = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,
        )
        try:
            code = tool.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(tool.pid, signal.SIGTERM)
            tool.wait()
            raise
    if code != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        raise SessionError(f"`{' '.join(argv[:2])}` failed with exit code {code}.", end)


def neutralise(environment: MutableMapping[str, str]) -> None:
    """Remove the user's AWS settings and git configuration, and variables set by git hooks."""
    for name in [each for each in environment if each.startswith(("AWS_", "SAM_"))]:
        del environment[name]
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        environment.pop(name, None)
    environment.update(
        {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
    )
