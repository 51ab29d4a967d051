"""``python -m tools.bench.scale_hub CORPUS WORK PORT``: a GitHub of thousands of repositories.

Only the listing and the refs are simulated: each repository has the refs and the objects of the
one in CORPUS, and those of its sample changed since, as ``scale.json`` in CORPUS says. That file
is read anew whenever somebody asks for the account.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.bench.servers import server_context

PER_PAGE = 100
EXTRA_REF = "refs/heads/changed"
_END = b"0000"


@dataclass
class Hub:
    """``count`` repositories, every ``each``-th of which has a branch more (0: none has)."""

    corpus: Path
    requests: int = 0
    count: int = 0
    each: int = 0

    def __post_init__(self) -> None:
        self.plain = self._advertised(changed=False)
        self.changed = self._advertised(changed=True)

    def answer(self, method: str, path: str, host: str, body: bytes) -> tuple[bytes, str, str]:
        """Body, content type and Link header, for who called us ``host``."""
        route, _, query = path.partition("?")
        if route.endswith("/info/refs"):
            number = int(route.split("/")[2].removesuffix(".git").removeprefix("project-"))
            changed = self.each and number % self.each == 0
            kind = "application/x-git-upload-pack-advertisement"
            return (self.changed if changed else self.plain), kind, ""
        if method == "POST":
            command = ["git", "upload-pack", "--stateless-rpc", str(self.corpus / "one.git")]
            done = subprocess.run(command, input=body, capture_output=True, check=True)
            return done.stdout, "application/x-git-upload-pack-result", ""
        if route.endswith("/repos"):
            page = int(query.partition("&page=")[2] or 1)
            return *self._page(page, host), self._link(route, page, host)
        said = json.loads((self.corpus / "scale.json").read_text())
        self.count, self.each = int(said["count"]), int(said["each"])
        account = {"login": "octo", "type": "User", "public_repos": self.count}
        return json.dumps(account).encode(), "application/json", ""

    def _advertised(self, *, changed: bool) -> bytes:
        oid = _git(self.corpus / "one.git", "rev-parse", "refs/heads/main")
        caps = "side-band-64k ofs-delta no-progress symref=HEAD:refs/heads/main object-format=sha1"
        lines = ["# service=git-upload-pack\n", "", f"{oid} HEAD\0{caps}\n"]
        lines += [f"{oid} {EXTRA_REF}\n"] if changed else []
        lines += [f"{oid} refs/heads/main\n", ""]
        packets = (b"%04x%b" % (len(line) + 4, line.encode()) if line else _END for line in lines)
        return b"".join(packets)

    def _page(self, page: int, host: str) -> tuple[bytes, str]:
        numbers = range((page - 1) * PER_PAGE, min(page * PER_PAGE, self.count))
        items = [self._item(number, host) for number in numbers]
        return json.dumps(items).encode(), "application/json"

    def _item(self, number: int, host: str) -> dict[str, object]:
        name = f"project-{number}"
        return {
            "id": number + 1,
            "name": name,
            "full_name": f"octo/{name}",
            "owner": {"login": "octo", "type": "User"},
            "private": False,
            "fork": False,
            "archived": False,
            "size": 10,
            "has_wiki": False,
            "clone_url": f"https://{host}/octo/{name}.git",
        }

    def _link(self, route: str, page: int, host: str) -> str:
        last = -(-self.count // PER_PAGE)
        if page >= last:
            return ""
        url = f"https://{host}{route}?per_page={PER_PAGE}&page="
        return f'<{url}{page + 1}>; rel="next", <{url}{last}>; rel="last"'


async def _serve(hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
            method, path, _ = head.split(" ", 2)
            pairs = (line.partition(": ") for line in head.splitlines()[1:])
            headers = {name.lower(): value for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            asked = method, path, headers["host"], body
            hub.requests += 1
            if method == "POST":
                said, kind, link = await asyncio.to_thread(hub.answer, *asked)
            else:
                said, kind, link = hub.answer(*asked)
            lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(said)}"]
            lines += [f"Link: {link}"] if link else []
            writer.write("\r\n".join([*lines, "", ""]).encode() + said)
            await writer.drain()
    writer.close()


async def _run(corpus: Path, work: Path, port: int) -> None:
    hub = Hub(corpus)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(hub, reader, writer)

    server = await asyncio.start_server(
        serve, "127.0.0.1", port, ssl=server_context(work), limit=1 << 20
    )
    async with server:
        while True:
            await asyncio.sleep(0.1)
            (work / "counts.new").write_text(json.dumps({"requests": hub.requests}))
            (work / "counts.new").replace(work / "counts.json")


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=repository, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
