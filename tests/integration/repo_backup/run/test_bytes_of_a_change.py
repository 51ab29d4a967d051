"""What a changed repository costs: its new objects, whatever lies there already."""

import random
from itertools import pairwise
from pathlib import Path

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, init_repository
from tests.integration.repo_backup.conftest import Destination
from tools.bench.histories.replay import (
    Counting,
    Served,
    files,
    first_parents,
    most_bytes,
    packed_change,
)

_CHANCE_BYTES = 1_500_000
_NEW_BYTES = 60_000


def _history(path: Path) -> list[str]:
    """A base that no packing makes smaller, and three changes; the tips, the oldest first."""
    upstream = init_repository(path)
    noise = random.Random(13)
    texts = {f"src/{name}.txt": f"line {name}\n" * 50 for name in range(40)}
    changes: list[dict[str, str | bytes]] = [
        {"large.bin": noise.randbytes(_CHANCE_BYTES), **texts},
        {"src/1.txt": "first\n"},
        {"src/2.txt": "second\n", "new.bin": noise.randbytes(_NEW_BYTES)},
        {"src/3.txt": "third\n"},
    ]
    for number, change in enumerate(changes):
        commit_files(upstream, change, message=f"Change {number}")
    return [each.oid for each in reversed(first_parents(upstream))]


def test_fetched_and_stored_is_little_more_than_the_new_objects_in_a_pack(
    destination: Destination, hub: GitHubStandIn, tmp_path: Path
) -> None:
    tips = _history(tmp_path / "history.git")
    served = Served(hub.root / "octo/hello.git", tmp_path / "history.git")
    counting = Counting()
    hub.backend = counting.open
    cost: list[tuple[int, int]] = []
    for number, tip in enumerate(tips):
        served.move_to(tip)
        before, asked = files(destination.root), counting.bytes
        only = ("--only", "hello", "--no-wikis", "--no-drill")
        assert destination.backup(*only, run_id=f"r{number}") == 0
        after = files(destination.root)
        stored = sum(each[0] for path, each in after.items() if before.get(path) != each)
        cost.append((counting.bytes - asked, stored))
    assert min(cost[0]) > _CHANCE_BYTES
    # The first change stores what was found out about its base, too: here that has few objects.
    for (old, new), (fetched, stored) in zip(pairwise(tips), cost[1:], strict=True):
        packed, deflated = packed_change(served.path, old, new)
        assert packed < fetched <= most_bytes(packed, deflated) < _CHANCE_BYTES
        assert packed < stored <= most_bytes(packed, deflated)
