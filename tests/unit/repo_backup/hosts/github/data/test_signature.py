"""What GitHub's counts become: a fingerprint that earlier versions made, too, and what is none."""

from dataclasses import replace
from typing import Any

import pytest

from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Signature
from repo_backup.hosts.github.data.signature import Signatures
from repo_backup.runtime.errors import RepositoryError
from tests.unit.repo_backup.hosts.github.scripted import Scripted, Told, graphql, rest

NODE: dict[str, Any] = {
    "hasDiscussionsEnabled": False,
    "issues": {"totalCount": 2, "nodes": [{"number": 2, "updatedAt": "2026-11-30T12:00:00Z"}]},
    "branchProtectionRules": {"totalCount": 0},
}


REMOTE = RemoteRepository(
    7,
    "octo",
    "hello",
    private=False,
    fork=False,
    archived=False,
    size_kib=1,
    has_wiki=False,
    clone_url="https://github.example/octo/hello.git",
    node_id="R_7",
)


def signature(**more: Any) -> Signature:
    with Scripted(lambda _: Told({"data": {"nodes": [NODE | more]}})) as server:
        return Signatures(rest(server), graphql(server)).of(REMOTE)


def test_a_count_of_zero_that_is_new_leaves_the_fingerprint_as_it_was() -> None:
    zero = {name: {"totalCount": 0} for name in ("commitComments", "deployKeys", "environments")}
    assert signature(**zero).fingerprint == signature().fingerprint
    assert signature(**zero).counts["settings.environments"] == 0
    changed = signature(**{**zero, "commitComments": {"totalCount": 1}})
    assert changed.fingerprint != signature().fingerprint


def test_a_count_of_zero_counts_for_administrators_only() -> None:
    counts = signature(deployKeys={"totalCount": 0}).counts
    assert not {"settings.branch_protection", "settings.deploy_keys"} & counts.keys()
    counts = signature(deployKeys={"totalCount": 3}).counts
    assert counts["settings.deploy_keys"] == 3
    counts = signature(viewerCanAdminister=True).counts
    assert counts["settings.branch_protection"] == 0


def test_a_users_repository_has_no_teams() -> None:
    assert signature(isInOrganization=False).counts["settings.teams"] == 0
    assert "settings.teams" not in signature(isInOrganization=True).counts


@pytest.mark.parametrize("change", [{"issues": {"nodes": True}}, {"environments": 5}])
def test_a_connection_of_another_kind_is_trouble_of_this_repository(change: Any) -> None:
    with pytest.raises(RepositoryError, match="GitHub sent an unexpected response"):
        signature(**change)


def test_of_two_repositories_with_one_node_id_neither_waits_for_ever() -> None:
    other = replace(REMOTE, id=8, name="other")
    with Scripted(lambda _: Told({"data": {"nodes": [NODE]}})) as server:
        signatures = Signatures(rest(server), graphql(server))
        signatures.announce([REMOTE, other])
        answers = list[object]()
        for remote in (REMOTE, other):
            try:
                answers.append(signatures.of(remote).counts["issues"])
            except RepositoryError as error:
                answers.append(str(error))
    assert sorted(answers, key=str) == [2, "GitHub's GraphQL response lacks this repository"]
