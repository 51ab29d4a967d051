"""What a backup talks to: GitHub's stand-in over TLS, a real S3 server, and latency before both."""

import contextlib
import datetime
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools.bench.environments import CACHE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY, SECRET_KEY = "benchmark", "benchmark-secret"
ROOT = Path(__file__).parents[3]
_START_SECONDS = 60
_NOTED_SECONDS = 0.3
"""Until everybody has written down what passed by."""


@dataclass(frozen=True)
class Traffic:
    """Requests, and bytes both ways as they are on the line (GitHub's are encrypted)."""

    github_requests: int = 0
    github_bytes: int = 0
    s3_requests: int = 0
    s3_bytes: int = 0

    def since(self, before: "Traffic") -> "Traffic":
        """What came after ``before``."""
        return Traffic(
            *(now - then for now, then in zip(astuple(self), astuple(before), strict=True))
        )


@dataclass(frozen=True)
class Servers:
    """Addresses, and the directory in which stand-in and relays note what passed by."""

    api_url: str
    s3_url: str
    certificate: Path
    work: Path

    def counted(self) -> "Traffic":
        """What has passed by until now."""
        time.sleep(_NOTED_SECONDS)
        github, s3 = (self._noted(name) for name in ("github", "s3"))
        hub = self._noted("counts")
        return Traffic(hub["requests"], github["bytes"], s3["requests"], s3["bytes"])

    def _noted(self, name: str) -> Counter[str]:
        with contextlib.suppress(FileNotFoundError):
            return Counter(json.loads((self.work / f"{name}.json").read_text()))
        return Counter()

    def environment(self) -> dict[str, str]:
        """What every contender gets."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GITHUB_API_URL": self.api_url,
            "SSL_CERT_FILE": str(self.certificate),
            "REQUESTS_CA_BUNDLE": str(self.certificate),
            "GIT_SSL_CAINFO": str(self.certificate),
            "AWS_ENDPOINT_URL": self.s3_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def s3_client(self) -> "S3Client":
        """A client of the S3 server."""
        return boto3.client(
            "s3",
            endpoint_url=self.s3_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )


@contextlib.contextmanager
def running(corpus: Path, work: Path, latency_ms: float) -> Iterator[Servers]:
    """Everything up, for the block. ``latency_ms`` is added to each round trip."""
    work.mkdir(parents=True, exist_ok=True)
    certificate = make_certificate(work)
    with contextlib.ExitStack() as stack:
        hub_port, s3_port, *rest = free_ports(11)
        words = [str(corpus), str(work), str(hub_port), str(CACHE / "answers")]
        stack.enter_context(process([sys.executable, "-m", "tools.bench.standins.hub", *words]))
        stack.enter_context(_seaweedfs(work, s3_port, rest[2:]))
        wait_for_port(hub_port)
        for name, port, target in zip(("github", "s3"), rest, (hub_port, s3_port), strict=False):
            words = [str(port), str(target), str(latency_ms), str(work / f"{name}.json")]
            stack.enter_context(
                process([sys.executable, "-m", "tools.bench.standins.relay", *words])
            )
            wait_for_port(port)
        yield Servers(
            f"https://127.0.0.1:{rest[0]}", f"http://127.0.0.1:{rest[1]}", certificate, work
        )


def make_certificate(work: Path) -> Path:
    """A certificate of one's own authority for 127.0.0.1; also ``server.pem`` with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            # The storages of large files are another host than the API's.
            x509.SubjectAlternativeName(
                [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost")]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (work / "server.pem").write_bytes(private + public)
    (work / "ca.pem").write_bytes(public)
    return work / "ca.pem"


def server_context(work: Path) -> ssl.SSLContext:
    """TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(work / "server.pem")
    return context


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, each another."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in found]


def wait_for_port(port: int) -> None:
    """Until somebody listens. Raises TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


@contextlib.contextmanager
def process(command: list[str]) -> Iterator[None]:
    """A process of ours, for the block."""
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _seaweedfs(work: Path, port: int, others: list[int]) -> Iterator[None]:
    weed = shutil.which("weed") or "weed"
    data = work / "seaweedfs"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    actions = ["Admin", "Read", "Write", "List"]
    keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    identity = {"name": "benchmark", "credentials": [keys], "actions": actions}
    (data / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = [f"{part}.port" for part in ("master", "volume", "filer")]
    names += [f"{part}.port.grpc" for part in ("master", "volume", "filer", "s3")]
    ports = [f"-{name}={other}" for name, other in zip(names, others, strict=True)]
    command = [
        weed,
        "-logtostderr=false",
        f"-logdir={data}",
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
    ]
    command += [
        "-ip.bind=127.0.0.1",
        "-s3",
        f"-s3.port={port}",
        f"-s3.config={data}/s3.json",
        *ports,
    ]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-volume.max=200", "-master.volumeSizeLimitMB=256"]
    with (work / "seaweedfs.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for_port(port)
            _wait_for_s3(port)
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for_s3(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2)
            return
        time.sleep(0.2)
    raise TimeoutError("the S3 server does not come up")
