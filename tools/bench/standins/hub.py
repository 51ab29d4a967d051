"""The stand-in over TLS, in a process: ``python -m tools.bench.standins.hub``, with the arguments
CORPUS WORK PORT ANSWERS.

Notes in ``WORK/counts.json`` how many requests it served. What git answered is kept in the folder
ANSWERS, and read from there when it is asked again: processes of git beside those of the program
would be what is measured otherwise.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from local_cloud.github import GitHubStandIn
from tools.bench.standins.answers import KeptAnswers
from tools.bench.standins.servers import server_context


def main() -> None:
    """Serve until terminated."""
    corpus, work, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    answers = KeptAnswers(Path(sys.argv[4]))
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    tls = server_context(work)
    with GitHubStandIn(corpus, port=port, tls=tls, backend=answers.open) as hub:
        while not done.wait(0.1):
            (work / "counts.new").write_text(json.dumps({"requests": len(hub.requests)}))
            (work / "counts.new").replace(work / "counts.json")


if __name__ == "__main__":
    main()
