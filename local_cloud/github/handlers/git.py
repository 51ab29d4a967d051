"""Requests for git data: repositories, wikis, gists, and the batches of their large files."""

from local_cloud.github.faults import Fault
from local_cloud.github.gists import FOLDER as GISTS
from local_cloud.github.handlers.caller import CallerHandler
from local_cloud.github.storage.lfs import BATCH


class GitHandler(CallerHandler):
    """The part of a handler that serves git."""

    def _serve_git(self, path: str, query: str, fault: Fault | None) -> None:
        hub = self.hub
        full_name, _, service = path.strip("/").partition(".git/")
        if full_name.startswith(f"{GISTS}/"):
            self._serve_gist(full_name, path, query, fault)
            return
        new_name = hub.catalogue.renames.get(full_name)
        if new_name:
            self.discard_body()
            location = f"/{new_name}.git/{service}" + (f"?{query}" if query else "")
            self.send(301, {"Location": location}, b"")
            return
        viewer, accepted = self._viewer()
        known = hub.catalogue.repositories
        repository = known.get(full_name) or known.get(full_name.removesuffix(".wiki"))
        served = (
            accepted
            and repository is not None
            and self._may_read(repository, viewer)
            and ("receive-pack" not in path + query or hub.creations.may_push(repository, viewer))
            and (hub.root / f"{full_name}.git").is_dir()
        )
        if not served:
            # GitHub asks an anonymous git client for credentials rather than admit an absence.
            self.discard_body()
            if viewer:
                self.send(404, {}, b"Repository not found.\n")
            else:
                challenge = {"WWW-Authenticate": 'Basic realm="GitHub"'}
                self.send(401, challenge, b"Repository not found.\n")
            return
        if path.endswith(BATCH):
            storage = f"{hub.scheme}://localhost:{hub.port}"
            body = b"".join(self.read_body())
            batch = hub.lfs.batch(hub.root / f"{full_name}.git", full_name, body, storage)
            self.send_stream(batch.status, batch.headers, batch.body, fault)
            return
        with hub.backend(
            hub.root, self.command, path, query, self.headers, self.read_body(), viewer
        ) as reply:
            self.send_stream(reply.status, reply.headers, reply.body, fault)

    def _serve_gist(self, name: str, path: str, query: str, fault: Fault | None) -> None:
        """A gist's git: anybody who knows the id may read it, and its owner may push."""
        hub = self.hub
        viewer, accepted = self._viewer()
        gist = hub.data.gists.get(name.removeprefix(f"{GISTS}/"))
        pushes = "receive-pack" in path + query
        may = gist and accepted and (not pushes or viewer == gist.owner)
        if not may or not (hub.root / f"{name}.git").is_dir():
            self.discard_body()
            status = 401 if not accepted or (pushes and not viewer) else 404
            challenge = {"WWW-Authenticate": 'Basic realm="GitHub"'} if status == 401 else {}
            self.send(status, challenge, b"Repository not found.\n")
            return
        with hub.backend(
            hub.root, self.command, path, query, self.headers, self.read_body(), viewer
        ) as reply:
            self.send_stream(reply.status, reply.headers, reply.body, fault)
