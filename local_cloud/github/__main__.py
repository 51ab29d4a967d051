"""``python -m local_cloud.github --root DIR --port N``: serve until interrupted."""

import argparse
import contextlib
import threading
from pathlib import Path

from local_cloud.github.catalogue import CATALOGUE_FILE
from local_cloud.github.corpus import CORPUS_OWNER, CORPUS_TOKEN, build_corpus
from local_cloud.github.data import fill_corpus
from local_cloud.github.server import GitHubStandIn


def main() -> None:
    """Serve ``--root``. If it is empty, create the corpus there first."""
    parser = argparse.ArgumentParser(prog="python -m local_cloud.github", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="directory of the repositories")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free one")
    parser.add_argument("--project", type=Path, help="a git working tree to serve as well")
    options = parser.parse_args()
    if not (options.root / CATALOGUE_FILE).exists():
        build_corpus(options.root, options.project)
    with GitHubStandIn(options.root, port=options.port, verbose=True) as hub:
        if {"octo/hello", "octo/secret"} <= set(hub.catalogue.repositories):
            fill_corpus(hub.catalogue, hub.data, hub.api_url)
        print(f"GITHUB_API_URL={hub.api_url}", flush=True)
        print(f"owner {CORPUS_OWNER}, token {CORPUS_TOKEN}; Ctrl-C ends", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
