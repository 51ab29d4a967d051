"""The embedded cloud as a process: ``python -m local_cloud.server --directory DIR``.

It serves every AWS API on one free port of the loopback interface, prints that endpoint's URL as
its first line, and ends, with everything it started, on SIGTERM, on Ctrl-C, and when its standard
input closes. Beside AWS it answers ``/_local/…``, for whoever watches or disturbs the cloud:

========================================  ====================================================
``GET /_local/mail``                      the e-mails that SNS would have sent
``GET /_local/instances``                 every instance with its state
``GET /_local/schedules``                 every schedule of EventBridge Scheduler
``POST /_local/schedules/NAME/fire``      its moment has come
``POST /_local/instances/ID/interrupt``   reclaim a spot instance, ``{"notice_seconds": 120}``
``POST /_local/instances/ID/announce``    send the event about its state once more
``POST /_local/faults``                   ``{"pool": "*/*", "market": "*", "code": …, "times": 1}``
``POST /_local/front``                    ``{"host": …}``: a proxy there forwards to ``localhost``
========================================  ====================================================
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local_cloud.aws.ec2 import Ec2Api
from local_cloud.aws.emulator import Emulator
from local_cloud.aws.instances import Fault, Fleet, Instance, Settings
from local_cloud.aws.mail import Mailbox

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_PREFIX = "/_local/"
# The person's own network settings, which a guest needs to reach the real GitHub.
_NETWORK_VARIABLES = ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


class UnknownPathError(LookupError):
    """There is nothing at a path below ``/_local/``."""


class LocalPaths:
    """What is below ``/_local/``."""

    def __init__(self, cloud: Emulator, fleet: Fleet, mailbox: Mailbox) -> None:
        """Watch and disturb these."""
        self._cloud = cloud
        self._fleet = fleet
        self._mailbox = mailbox
        self._front = b""

    def as_signed(self, scope: Scope) -> Scope:
        """The request with the host and the escaped path that its signature is made for.

        A proxy in front is the host that clients sign for, and passes requests on under another,
        their paths unescaped. Those that it forwards are told by ``localhost``; clients of the
        cloud itself use its IP.
        """
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if not self._front or not host.startswith(b"localhost:"):
            return scope
        kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
        raw_path = quote(scope["path"]).encode()
        return {**scope, "raw_path": raw_path, "headers": [(b"host", self._front), *kept]}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """The JSON value to answer with. Raises :class:`UnknownPathError`."""
        match method, *path.removeprefix(_PREFIX).split("/"):
            case "GET", "mail":
                return self._mailbox.as_json()
            case "GET", "instances":
                return [_summary(each) for each in list(self._fleet.instances.values())]
            case "GET", "schedules":
                return self._cloud.schedules()
            case "POST", "schedules", name, "fire":
                if not self._cloud.fire_schedule(name):
                    raise UnknownPathError(name)
                return {}
            case "POST", "instances", instance_id, "interrupt":
                seconds = float(body.get("notice_seconds", 120))
                self._fleet.interrupt(self._instance(instance_id), seconds)
                return {}
            case "POST", "instances", instance_id, "announce":
                self._fleet.announce(self._instance(instance_id))
                return {}
            case "POST", "faults":
                self._fleet.faults.append(
                    Fault(
                        body.get("pool", "*/*"),
                        body.get("market", "*"),
                        body["code"],
                        int(body.get("times", 1)),
                    )
                )
                return {}
            case "POST", "front":
                self._front = str(body["host"]).encode()
                return {}
            case _:
                raise UnknownPathError(path)

    def _instance(self, instance_id: str) -> Instance:
        try:
            return self._fleet.instances[instance_id]
        except KeyError as error:
            raise UnknownPathError(instance_id) from error


def _summary(instance: Instance) -> dict[str, Any]:
    printed = instance.machine.console() if instance.machine else instance.console
    return {
        "id": instance.instance_id,
        "state": instance.state,
        "reason": instance.reason_code,
        "pool": instance.launch.pool,
        "spot": instance.launch.spot,
        "tags": dict(instance.launch.tags),
        "console": printed.decode(errors="replace"),
    }


def application(cloud: Emulator, local: LocalPaths) -> Callable[..., Awaitable[None]]:
    """The ASGI application: ``/_local/…`` is ours, the rest is AWS."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            http = scope["type"] == "http"
            await cloud.app(local.as_signed(scope) if http else scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            status, value = (
                200,
                local.answer(scope["method"], scope["path"], json.loads(body or "{}")),
            )
        except UnknownPathError as error:
            status, value = 404, {"unknown": str(error)}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(value, default=str).encode()})

    return serve


def _ministack_settings(port: int, directory: Path, region: str) -> dict[str, str]:
    temporary = directory / "tmp"
    temporary.mkdir(parents=True)
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        # AWS waits a minute, then two: too long here. A second is too short to look in between.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "3",
        "MINISTACK_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
    }


async def _serve(directory: Path, region: str, minute_seconds: float, event_copies: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    os.environ.update(_ministack_settings(port, directory, region))
    url = f"http://127.0.0.1:{port}"
    mailbox = Mailbox()
    cloud = Emulator(mailbox.deliver)
    guest = {name: os.environ[name] for name in _NETWORK_VARIABLES if name in os.environ}
    fleet = Fleet(cloud, Settings(directory / "machines", url, guest, minute_seconds, event_copies))
    cloud.replace_ec2_actions(Ec2Api(cloud, fleet).actions())
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.errorlog = None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    orphaned = threading.Event()
    threading.Thread(target=_watch_owner, args=(loop, stop, orphaned), daemon=True).start()
    print(url, flush=True)
    try:
        await serve(
            application(cloud, LocalPaths(cloud, fleet, mailbox)),
            config,
            shutdown_trigger=stop.wait,
        )
    finally:
        fleet.close()
        if orphaned.is_set():
            shutil.rmtree(directory, ignore_errors=True)
    # The emulator's threads wait for things that never come; the process must not wait for them.
    os._exit(0)


def _watch_owner(
    loop: asyncio.AbstractEventLoop, stop: asyncio.Event, orphaned: threading.Event
) -> None:
    """Stop when standard input closes: whoever started the cloud, and would clean up, is gone."""
    sys.stdin.read()
    orphaned.set()
    loop.call_soon_threadsafe(stop.set)


def main() -> None:
    """Serve the embedded cloud."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where its state lives")
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--minute-seconds", type=float, default=60.0)
    parser.add_argument("--event-copies", type=int, default=1, help="deliver each so often")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    asyncio.run(
        _serve(
            arguments.directory,
            arguments.region,
            arguments.minute_seconds,
            arguments.event_copies,
        )
    )


if __name__ == "__main__":
    main()
