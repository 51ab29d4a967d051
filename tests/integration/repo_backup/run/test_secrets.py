"""The token goes to GitHub in a header, and nowhere else."""

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local_cloud.github import Fault, GitHubStandIn
from local_cloud.github.corpus import commit_files
from local_cloud.github.data.maker import Size, fill
from tests.integration.repo_backup.conftest import Destination

CANARY = "canary-7d1f0a52"
ENCODED = base64.b64encode(f"x-access-token:{CANARY}".encode()).decode()


def test_a_canary_token_is_nowhere_to_be_found(
    destination: Destination, hub: GitHubStandIn, spied: tuple[str, Path], tmp_path: Path
) -> None:
    path, log = spied
    hub.catalogue.tokens[CANARY] = "octo"
    for name in ("hello", "secret"):
        fill(hub.data, hub.catalogue.repositories[f"octo/{name}"].id, Size(issues=1, pulls=1))
    echo = f"Basic {ENCODED}, {CANARY}".encode()
    hub.faults.add(
        Fault("/octo/unicode.git/git-upload-pack", "corrupt", after_bytes=50),
        Fault("/octo/no-wiki.git/*", status=401),
        # As a proxy that shows the request which it refuses.
        Fault("/octo/old-fork.git/*", status=403, body=echo),
        Fault("/octo/lfs.git/info/lfs/*", status=403, body=echo),
        Fault("/repos/octo/hello/*", status=403, body=f"Bearer {CANARY}".encode()),
    )
    program = (
        "from repo_backup.cli.main import main; from repo_backup.runtime import retry; "
        "retry.FIRST_DELAY_SECONDS = 0.01; main()"
    )
    command = [sys.executable, "-c", program, "backup", "--lfs", "--owner", "octo"]
    done = subprocess.run(
        [*command, "--destination", str(destination.root), "--run-id", "r1"],
        env={
            **os.environ,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "GITHUB_TOKEN": CANARY,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert destination.states()["secret"] == "backed-up"
    assert sorted(n for n, s in destination.states().items() if s == "failed") == [
        "no-wiki",
        "old-fork",
        "unicode",
    ]
    assert destination.entry("lfs")["lfs-objects"]["state"] == "failed"
    assert destination.entry("secret")["data"]["state"] == "backed-up"
    answer = done.stderr + done.stdout
    assert "old-fork.git/info/refs (403): Basic (token), (token)" in answer
    assert "objects/batch (403): Basic (token), (token)" in answer
    assert "of octo/hello (403: Bearer (token))" in answer
    everything = [done.stdout, done.stderr, log.read_text()]
    files = (path for path in destination.root.rglob("*") if path.is_file())
    everything += [path.read_bytes().decode("latin-1") for path in files]
    assert len(everything) > 10
    for text in everything:
        assert CANARY not in text
        assert ENCODED not in text


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str | None]]]:
    """Another host, and the Authorization headers that reached it."""
    heard: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_a_redirect_to_another_host_is_not_followed(
    destination: Destination, hub: GitHubStandIn, elsewhere: tuple[str, list[str | None]]
) -> None:
    url, heard = elsewhere
    headers = {"Location": f"{url}/stolen"}
    hub.faults.add(Fault("/octo/hello.git/info/refs", status=302, headers=headers))
    hub.faults.add(Fault("/user/repos", status=302, headers=headers, times=0))
    assert destination.backup("--only", "hello", "--no-wikis") == 3
    assert "is not an address of the GitHub" in destination.entry("hello")["reason"]
    assert heard == []


def test_the_next_page_on_another_host_is_not_asked_for(
    destination: Destination, hub: GitHubStandIn, elsewhere: tuple[str, list[str | None]]
) -> None:
    url, heard = elsewhere
    hub.faults.add(
        Fault(
            "/user/repos",
            status=200,
            headers={"Link": f'<{url}/user/repos?page=2>; rel="next"'},
            body=b"[]",
        )
    )
    assert destination.backup() == 1
    assert heard == []


def test_hooks_and_configuration_never_come_from_upstream(
    destination: Destination, upstream: Callable[[str], Path], tmp_path: Path
) -> None:
    hook = upstream("hello") / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch /tmp/pwned\n")
    hook.chmod(0o755)
    with (upstream("hello") / "config").open("a") as config:
        config.write("[alias]\n\tx = !evil\n")
    commit_files(upstream("hello"), {"a/.gitattributes": "* filter=evil\n"}, message="Trap")
    destination.backup("--only", "hello")
    mirror = destination.restored("hello", tmp_path / "out")
    assert sorted(path.name for path in mirror.iterdir()) == [
        "HEAD",
        "config",
        "objects",
        "packed-refs",
        "refs",
    ]
    assert "evil" not in (mirror / "config").read_text()
