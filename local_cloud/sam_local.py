"""Runs ``sam local invoke`` for one function, in a container, with an embedded cloud.

``python -m local_cloud.sam_local EVENT``, which ``make sam-local`` runs; EVENT is a file of
``events/``, with or without its folder and ``.json``.
"""

import contextlib
import ipaddress
import json
import os
import shlex
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launcher.request import read_request
from local_cloud import stack as stacks
from local_cloud.github import CORPUS_OWNER, CORPUS_TOKEN, GitHubStandIn, build_corpus
from local_cloud.lambda_image import image
from local_cloud.session import ROOT, Session, SessionError, neutralise
from local_cloud.stack import Stack
from shared.errors import EventError

EVENTS = ROOT / "events"
STACK_NAME = "samlocal"
TOKEN_PARAMETER = "/online-backup/token"
_NAMES = ("launcher", "reporter")
_LAST_VARIABLE = "        POWERTOOLS_LOG_LEVEL: INFO\n"


@dataclass(frozen=True, slots=True)
class SamLocal:
    """A deployed stack whose functions are invoked in containers, but not by its own events."""

    stack: Stack
    template: Path
    variables: Path

    def command(self, event: Path) -> list[str]:
        """The ``sam local invoke`` command for the function that reads this event."""
        return [
            *(str(Path(sys.prefix, "bin", "sam")), "local", "invoke", function_of(event)),
            *("--template-file", str(self.template), "--event", str(event)),
            *("--env-vars", str(self.variables), "--skip-pull-image"),
        ]

    def invoke(self, event: Path) -> tuple[dict[str, Any], str]:
        """The function's answer, and its log. Raises SessionError when it fails."""
        done = subprocess.run(
            self.command(event),
            env=self.stack.session.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SessionError("`sam local invoke` failed.", done.stderr[-3000:])
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        if "errorMessage" in answer:
            raise SessionError(
                f"The function failed: {answer['errorMessage']}", done.stderr[-3000:]
            )
        return answer, _until_report(done.stderr)


def _until_report(log: str) -> str:
    """The log without what the runtime prints when its container is stopped."""
    lines = log.splitlines()
    ends = [at for at, line in enumerate(lines) if line.startswith("REPORT ")]
    return "\n".join(lines[: ends[-1] + 1] if ends else lines)


def function_of(event: Path) -> str:
    """The logical id of the function that reads this event. Raises ValueError if it is not JSON."""
    try:
        read_request(json.loads(event.read_text()), datetime.now(UTC))
    except EventError:
        return "ReporterFunction"
    return "LauncherFunction"


def event_file(name: str) -> Path:
    """The file with this name in ``events/``. Raises SessionError that lists the existing ones."""
    path = EVENTS / f"{Path(name).name.removesuffix('.json')}.json"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in EVENTS.glob("*.json")))
        raise SessionError(f"EVENT: there is no events/{path.name}. There are: {known}.")
    return path


def deployed(cleanup: ExitStack, **parameters: str) -> SamLocal:
    """Build the template, deploy it to an embedded cloud as the demo does, and disable its events.

    ``parameters`` override the stack's. Raises SessionError.
    """
    session = cleanup.enter_context(Session())
    corpus = session.directory / "github"
    build_corpus(corpus, history=ROOT)
    hub = cleanup.enter_context(GitHubStandIn(corpus))
    session.client("ssm").put_parameter(
        Name=TOKEN_PARAMETER, Type="SecureString", Value=CORPUS_TOKEN
    )
    stacks.build(session)
    host = bridge_address()
    stack = Stack.deploy(
        session,
        STACK_NAME,
        {
            "GitHubOwner": CORPUS_OWNER,
            "NotificationEmail": "you@example.com",
            "GitHubApiUrl": forward(host, hub.api_url, cleanup),
            "GitHubTokenParameter": TOKEN_PARAMETER,
            **parameters,
        },
    )
    events = session.client("events")
    for rule in events.list_rules(NamePrefix=STACK_NAME)["Rules"]:
        events.disable_rule(Name=rule["Name"])
    return _with_endpoint(stack, forward(host, session.url, cleanup))


def _with_endpoint(stack: Stack, endpoint: str) -> SamLocal:
    """Declare the endpoint in a copy of the template, as sam passes only declared variables."""
    session = stack.session
    built = session.directory / "build"  # where stacks.build puts it
    original = (built / "template.yaml").read_text()
    if _LAST_VARIABLE not in original:
        raise SessionError("The built template declares no POWERTOOLS_LOG_LEVEL.")
    template = built / "template-for-sam-local.yaml"
    declared = f"{_LAST_VARIABLE}        AWS_ENDPOINT_URL: ''\n"
    template.write_text(original.replace(_LAST_VARIABLE, declared))
    functions = session.client("lambda")
    variables = {
        f"{name.capitalize()}Function": {
            **functions.get_function_configuration(FunctionName=f"{stack.name}-{name}")[
                "Environment"
            ]["Variables"],
            "AWS_ENDPOINT_URL": endpoint,
        }
        for name in _NAMES
    }
    path = session.directory / "variables.json"
    path.write_text(json.dumps(variables, indent=2) + "\n")
    return SamLocal(stack, template, path)


def bridge_address() -> str:
    """This machine's address in docker's default network."""
    shown = subprocess.run(
        ["docker", "network", "inspect", "bridge"], capture_output=True, text=True, check=True
    )
    network = json.loads(shown.stdout)[0]["IPAM"]["Config"][0]
    return str(network.get("Gateway") or ipaddress.ip_network(network["Subnet"])[1])


def forward(host: str, url: str, cleanup: ExitStack) -> str:
    """Make a loopback URL reachable from containers, at this address. Returns the URL for them."""
    target = urlsplit(url)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    class Forwarder(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((target.hostname or "", target.port or 0)) as there:
                back = threading.Thread(target=pump, args=(there, self.request))
                back.start()
                pump(self.request, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = cleanup.enter_context(Server((host, 0), Forwarder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cleanup.callback(server.shutdown)
    return f"http://{host}:{server.server_address[1]}{target.path}"


def main() -> int:
    """Invoke the function once and print its log and its answer. Returns the exit code."""
    neutralise(os.environ)
    try:
        event = event_file(sys.argv[1])
        image.provide()
        with ExitStack() as cleanup:
            print("sam-local: building, and deploying to an embedded cloud …", file=sys.stderr)
            local = deployed(cleanup)
            print(f"sam-local: {shlex.join(local.command(event))}", file=sys.stderr)
            answer, log = local.invoke(event)
            mails = local.stack.mails()
    except (SessionError, image.ImageError) as error:
        print(f"sam-local: {error}", file=sys.stderr)
        print(getattr(error, "details", ""), file=sys.stderr, end="")
        return 1
    print(log, file=sys.stderr)
    for mail in mails:
        print(f"Subject: {mail['subject']}\n\n{mail['body']}")
    print(json.dumps(answer, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
