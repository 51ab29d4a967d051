"""What lies between, measured: ``python -m tools.bench.standins.relay``, with the arguments
PORT TARGET LATENCY_MS COUNTS.

Passes bytes on, each block so much later, and notes in the file COUNTS how many there were.
"""

import asyncio
import contextlib
import json
import sys
from collections import Counter
from pathlib import Path

_NOTED_SECONDS = 0.1
_HEAD = b" HTTP/1.1\r\n"
"""Ends a request line that is not encrypted."""


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float, counts: Counter[str]
) -> None:
    """Pass bytes on, each block that much later, in order, and any number under way at once."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)

    async def send() -> None:
        while True:
            due, block = await waiting.get()
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            if not block:
                writer.close()
                return
            writer.write(block)
            await writer.drain()

    sender = asyncio.ensure_future(send())
    with contextlib.suppress(OSError):
        while block := await reader.read(1 << 16):
            counts["bytes"] += len(block)
            counts["requests"] += block.count(_HEAD)
            await waiting.put((loop.time() + seconds, block))
    await waiting.put((loop.time() + seconds, b""))
    with contextlib.suppress(OSError):
        await sender


async def _note(counts: Counter[str], file: Path) -> None:
    while True:
        await asyncio.sleep(_NOTED_SECONDS)
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"bytes": counts["bytes"], "requests": counts["requests"]}))
        new.replace(file)


async def _proxy(port: int, target: int, latency_ms: float, file: Path) -> None:
    one_way = latency_ms / 2000
    counts: Counter[str] = Counter()
    noting = asyncio.ensure_future(_note(counts, file))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The handshake of TCP is a round trip as well.
        await asyncio.sleep(2 * one_way)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(
            _relay(reader, there_writer, one_way, counts),
            _relay(there_reader, writer, one_way, counts),
        )

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20)
    async with server:
        await asyncio.gather(server.serve_forever(), noting)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            _proxy(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
        )
