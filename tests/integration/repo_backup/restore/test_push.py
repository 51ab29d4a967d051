"""Where git itself connects: over TLS with a private authority, the token by askpass alone."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import init_repository
from repo_backup.cli.main import main
from repo_backup.git.pushing import push_target
from tests.integration.repo_backup.conftest import Destination, refs
from tests.integration.repo_backup.run.test_secrets import CANARY, ENCODED
from tools.bench.standins.servers import make_certificate, server_context

Upstream = Callable[[str], Path]


@pytest.fixture
def tls_hub(hub: GitHubStandIn, tmp_path: Path) -> Iterator[GitHubStandIn]:
    """The same repositories over TLS, with an authority that no machine knows."""
    work = tmp_path / "tls"
    work.mkdir()
    make_certificate(work)
    with GitHubStandIn(hub.root, tls=server_context(work)) as running:
        running.catalogue.tokens[CANARY] = "octo"
        running.catalogue.add(Repository(500, "octo", "new", private=True))
        init_repository(hub.root / "octo/new.git")
        yield running


def _push(
    destination: Destination, url: str, api_url: str, path: str, tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    source = ["--source", str(destination.root), "--push-to", url]
    command = [
        sys.executable,
        "-c",
        "from repo_backup.cli.main import main; raise SystemExit(main())",
    ]
    return subprocess.run(
        [*command, "restore", "octo/hello", *source],
        env={
            **os.environ,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "GITHUB_TOKEN": CANARY,
            "GITHUB_API_URL": api_url,
            "SSL_CERT_FILE": str(tmp_path / "tls/ca.pem"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_push_over_tls_gets_the_token_by_askpass_and_leaves_no_trace_of_it(
    destination: Destination,
    tls_hub: GitHubStandIn,
    upstream: Upstream,
    spied: tuple[str, Path],
    tmp_path: Path,
) -> None:
    path, log = spied
    destination.backup("--only", "hello")
    done = _push(destination, f"{tls_hub.api_url}/octo/new.git", tls_hub.api_url, path, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    wanted = [line for line in refs(upstream("hello")) if "refs/pull" not in line]
    assert refs(upstream("new")) == wanted
    assert {request.authorization for request in tls_hub.requests} == {None, "Basic"}
    spoken = [done.stdout, log.read_text(), *_texts(destination.root), *_texts(upstream("new"))]
    assert "push" in spoken[1]
    for text in spoken:
        assert CANARY not in text
        assert ENCODED not in text


def _texts(root: Path) -> list[str]:
    return [path.read_bytes().decode("latin-1") for path in root.rglob("*") if path.is_file()]


def test_another_host_than_the_configured_one_does_not_get_the_token(
    destination: Destination, tls_hub: GitHubStandIn, spied: tuple[str, Path], tmp_path: Path
) -> None:
    destination.backup("--only", "hello")
    url = f"{tls_hub.api_url}/octo/new.git"
    done = _push(destination, url, "https://github.example.org/api/v3", spied[0], tmp_path)
    assert done.returncode == 1
    assert "GITHUB_TOKEN is for https://github.example.org/api/v3 only" in done.stderr
    assert {request.authorization for request in tls_hub.requests} == {None}


def test_a_redirect_to_another_host_does_not_get_the_token(
    destination: Destination, tls_hub: GitHubStandIn, spied: tuple[str, Path], tmp_path: Path
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{tls_hub.api_url}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    destination.backup("--only", "hello")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    done = _push(destination, f"{url}/octo/new.git", url, spied[0], tmp_path)
    server.shutdown()
    server.server_close()
    assert done.returncode == 1
    assert "error: 302" in done.stderr
    assert tls_hub.requests == []


def test_a_password_in_the_address_is_refused(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--only", "hello")
    capsys.readouterr()
    source = ["--source", str(destination.root), "--push-to", "https://me:secret@h/octo/new.git"]
    assert main(["restore", "octo/hello", *source]) == 2
    output = capsys.readouterr().err
    assert "leave the password out" in output
    assert "secret" not in output


@pytest.mark.parametrize(
    ("url", "api_url", "belongs"),
    [
        ("https://github.com/o/r.git", "https://api.github.com", True),
        ("https://me@github.com/o/r.git", "https://api.github.com", True),
        ("https://ghe.example.org/o/r.git", "https://ghe.example.org/api/v3", True),
        ("http://github.com/o/r.git", "https://api.github.com", False),
        ("https://github.com.evil.org/o/r.git", "https://api.github.com", False),
        ("https://evil.org/github.com/r.git", "https://api.github.com", False),
        ("git@github.com:o/r.git", "https://api.github.com", False),
    ],
)
def test_the_token_belongs_to_the_apis_host_alone(url: str, api_url: str, belongs: bool) -> None:
    assert push_target._belongs(url, api_url) is belongs
