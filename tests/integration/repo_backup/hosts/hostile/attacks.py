"""What the tests of attacks ask in common."""

from tests.integration.repo_backup.conftest import Destination

REFS = "/octo/evil.git/info/refs"


def outcome(destination: Destination, *arguments: str) -> str:
    """Back evil and hello up; evil's reason. hello must be none the worse."""
    selection = ["--only", "evil", "--only", "hello", "--no-wikis", "--no-drill"]
    code = destination.backup(*selection, *arguments)
    assert destination.states()["hello"] == "backed-up"
    entry = destination.entry("evil")
    assert code == (3 if entry["state"] == "failed" else 0)
    reason = str(entry["reason"] or "")
    assert reason.isprintable()
    assert len(reason) < 500
    return reason if entry["state"] == "failed" else entry["state"]
