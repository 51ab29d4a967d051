"""An LFS server that refuses downloads is asked once, and told of once with what to do."""

from pathlib import Path

import pytest

from local_cloud.github import Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, init_repository
from local_cloud.github.storage.lfs import add_object
from tests.integration.repo_backup.conftest import Destination
from tests.surplus import slow_but

ATTRIBUTES = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}
SAVE = ("--include", "art*", "--no-drill", "--no-wikis", "--lfs", "--jobs", "1")
BATCH = ".git/info/lfs/objects/batch"


@pytest.fixture
def art(hub: GitHubStandIn) -> list[str]:
    """Three repositories with objects of their own; the first needs two batches."""
    names = ["art0", "art1", "art2"]
    for number, name in enumerate(names):
        path = init_repository(hub.root / "octo" / f"{name}.git")
        contents = [f"{name} {index:04}".encode() for index in range(130)]
        if number:
            contents = [name.encode() * 50]
        files = {f"{index}.bin": add_object(path, data) for index, data in enumerate(contents)}
        commit_files(path, {**ATTRIBUTES, **files})
        size = 100 - number  # the largest is first
        hub.catalogue.add(Repository(100 + number, "octo", name, size_kib=size))
    return names


def batches(hub: GitHubStandIn) -> list[str]:
    """The repositories for which objects were asked for, in order."""
    asked = (each.path for each in hub.requests if each.path.endswith(BATCH))
    return [Path(path.removesuffix(BATCH)).name for path in asked]


def results(destination: Destination, names: list[str], run_id: str = "r1") -> list[str]:
    """What is told of each repository: its state, and why or what else."""
    told = []
    for name in names:
        found = destination.entry(name, run_id)["lfs-objects"]
        said = found["reason"] or "; ".join(found.get("warnings", ()))
        told.append(f"{found['state']}: {said}")
    return told


@pytest.mark.parametrize("status", slow_but({0, 2}, [403, 507, 509]))
def test_a_used_up_quota_ends_the_questions_for_all_of_the_owners_repositories(
    destination: Destination, hub: GitHubStandIn, art: list[str], status: int
) -> None:
    hub.lfs.over_quota = status
    assert destination.backup(*SAVE) == 3
    assert batches(hub) == ["art0"]
    first, *others = results(destination, art)
    assert first.startswith("failed: 130 LFS objects (")
    assert f"({status})" in first or f"answered {status}" in first
    assert "octo can raise the budget for Git LFS in its billing settings" in first
    for each in others:
        assert each.startswith("backed-up: 1 LFS object (")
        assert each.endswith("left to the next run: GitHub serves no LFS object of octo at present")
    hub.lfs.over_quota = 0
    assert destination.backup(*SAVE, run_id="r2") == 0
    assert results(destination, art, "r2") == ["backed-up: "] * 3
    assert len(hub.lfs.sent) == 132


def test_an_object_that_is_refused_for_the_quota_ends_the_questions_after_its_batch(
    destination: Destination, hub: GitHubStandIn, art: list[str]
) -> None:
    path = hub.root / "octo/art0.git/lfs/objects"
    # All are of one size, and go by their hash: this one is in the first batch.
    oid = min(each.name for each in path.rglob("*/*/*") if each.is_file())
    hub.lfs.refused[oid] = (509, "Bandwidth limit exceeded")
    assert destination.backup(*SAVE) == 3
    assert batches(hub) == ["art0"]
    assert len(hub.lfs.sent) == 99
    first = results(destination, art)[0]
    assert "31 LFS objects" in first
    assert "Bandwidth limit exceeded (509); the LFS bandwidth of octo is probably used up" in first


def test_a_refusal_without_a_word_of_a_quota_is_this_repositorys_alone(
    destination: Destination, hub: GitHubStandIn, art: list[str]
) -> None:
    refusal = b'{"message": "Resource not accessible by personal access token"}'
    hub.faults.add(Fault(f"*/art0{BATCH}", status=403, body=refusal))
    assert destination.backup(*SAVE) == 3
    assert batches(hub) == art
    first, *others = results(destination, art)
    assert "this run requests no more of its LFS objects" in first
    assert others == ["backed-up: "] * 2


@pytest.mark.parametrize("status", [404, 502])
def test_a_batch_that_fails_as_a_whole_is_the_last_of_its_repository(
    destination: Destination, hub: GitHubStandIn, art: list[str], status: int
) -> None:
    hub.faults.add(Fault(f"*/art0{BATCH}", status=status))
    assert destination.backup(*SAVE) == 3
    assert batches(hub).count("art0") == (1 if status == 404 else 5)
    first, *others = results(destination, art)
    assert first.startswith("failed: 130 LFS objects (")
    assert f"{status}" in first
    assert others == ["backed-up: "] * 2


def test_what_a_refusal_leaves_of_the_allowance_is_for_others(
    destination: Destination, hub: GitHubStandIn, art: list[str]
) -> None:
    hub.faults.add(Fault(f"*/art0{BATCH}", status=404))
    # 900 of its 1,024 bytes were taken for what is refused; the others have 200 each.
    assert destination.backup(*SAVE, "--max-lfs", "1K") == 3
    assert results(destination, art)[1:] == ["backed-up: "] * 2


def test_the_quota_of_a_forks_parent_says_nothing_of_its_owners_other_repositories(
    destination: Destination, hub: GitHubStandIn, art: list[str]
) -> None:
    hub.catalogue.repositories["octo/art0"].fork = True
    answer = b'{"message": "This repository exceeded its LFS budget."}'
    hub.faults.add(Fault(f"*/art0{BATCH}", status=403, body=answer))
    assert destination.backup(*SAVE) == 3
    assert batches(hub) == art
    first, *others = results(destination, art)
    assert "exceeded its LFS budget; this run requests no more of its LFS objects" in first
    assert others == ["backed-up: "] * 2


def test_a_storage_that_is_not_there_is_not_tried_for_every_object(
    destination: Destination, hub: GitHubStandIn, art: list[str]
) -> None:
    hub.faults.add(Fault("/lfs-storage/octo/art0/*", status=503))
    assert destination.backup(*SAVE) == 3
    asked = {each.path for each in hub.requests if each.path.startswith("/lfs-storage/octo/art0/")}
    assert len(asked) < 20
    reasons = results(destination, art)
    assert "130 LFS objects could not be saved" in reasons[0]
    assert "answered 503" in reasons[0]
    assert reasons[1:] == ["backed-up: "] * 2
