"""The stand-in over TLS, in a process: ``python -m tools.bench.standins.hub``, with the arguments
CORPUS WORK PORT ANSWERS.

Notes in ``WORK/counts.json`` how many requests it served. What git answered is kept in the folder
ANSWERS, and read from there when it is asked again: processes of git beside those of the program
would be what is measured otherwise. The files ``CORPUS/releases/REPOSITORY/NAME`` are assets of a
release; with the suffix ``.without-digest`` one as GitHub has it from before June 2025.
"""

import hashlib
import json
import signal
import sys
import threading
from pathlib import Path

from local_cloud.github import GitHubStandIn
from local_cloud.github.data import Editor
from local_cloud.github.data.model import Asset
from tools.bench.corpus import OWNER
from tools.bench.standins.answers import KeptAnswers
from tools.bench.standins.servers import server_context

_UNDIGESTED = ".without-digest"


def main() -> None:
    """Serve until terminated."""
    corpus, work, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    answers = KeptAnswers(Path(sys.argv[4]))
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    tls = server_context(work)
    hub = GitHubStandIn(corpus, port=port, tls=tls, backend=answers.open)
    _publish(hub, corpus / "releases")
    with hub:
        while not done.wait(0.1):
            (work / "counts.new").write_text(json.dumps({"requests": len(hub.requests)}))
            (work / "counts.new").replace(work / "counts.json")


def _publish(hub: GitHubStandIn, releases: Path) -> None:
    """Give repositories a release of these files."""
    for file in sorted(releases.glob("*/*")):
        repository = hub.catalogue.repositories[f"{OWNER}/{file.parent.name}"]
        made = Editor(hub.data, hub.data.of(repository.id)).create_release("v1.0")
        contents = file.read_bytes()
        digest = None
        if file.suffix != _UNDIGESTED:
            digest = f"sha256:{hashlib.sha256(contents).hexdigest()}"
        now, number = hub.data.now(), hub.data.new_id()
        name = file.name.removesuffix(_UNDIGESTED)
        made.assets.append(Asset(number, name, contents, OWNER, now, digest))


if __name__ == "__main__":
    main()
