"""``python -m tools.bench.standins.data_hub ROOT WORK PORT ISSUES PULLS``: the stand-in with data.

Every repository gets so many issues and pull requests. Otherwise as ``standins.hub``.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from local_cloud.github import GitHubStandIn
from local_cloud.github.data import Size, fill
from tools.bench.corpus import TOKEN
from tools.bench.standins.servers import server_context


def main() -> None:
    """Serve until terminated."""
    root, work, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    issues, pulls = int(sys.argv[4]), int(sys.argv[5])
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    hub = GitHubStandIn(root, port=port, tls=server_context(work))
    for repository in hub.catalogue.repositories.values():
        fill(hub.data, repository.id, Size(issues, pulls))
    # Nobody waits for the next hour: how long all of it would take is told by the requests.
    hub.limits.core = hub.limits.graphql = 1_000_000
    with hub:
        while not done.wait(0.1):
            points = hub.limits.allowance(TOKEN, "graphql").used
            counts = {"requests": len(hub.requests), "points": points}
            (work / "counts.new").write_text(json.dumps(counts))
            (work / "counts.new").replace(work / "counts.json")


if __name__ == "__main__":
    main()
