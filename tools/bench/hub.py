"""``python -m tools.bench.hub CORPUS WORK PORT``: the stand-in over TLS, in a process of its own.

Notes in ``WORK/counts.json`` how many requests it served.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from local_cloud.github import GitHubStandIn
from tools.bench.servers import server_context


def main() -> None:
    """Serve until terminated."""
    corpus, work, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    with GitHubStandIn(corpus, port=port, tls=server_context(work)) as hub:
        while not done.wait(0.1):
            (work / "counts.new").write_text(json.dumps({"requests": len(hub.requests)}))
            (work / "counts.new").replace(work / "counts.json")


if __name__ == "__main__":
    main()
