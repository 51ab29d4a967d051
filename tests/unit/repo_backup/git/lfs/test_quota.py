"""Which refusals of an LFS server end all further questions, and for whom."""

import pytest

from backup_contract.github_refusal import Refusal
from repo_backup.git.lfs.quota import RefusedOwners, refused_batch, refused_object, remedy
from repo_backup.runtime.errors import RepositoryError


def failed(status: int, message: str) -> RepositoryError:
    error = RepositoryError(f"GitHub answered {status}: {message}")
    error.refusal = Refusal(status, message)
    return error


@pytest.mark.parametrize(
    ("status", "message", "of_owner"),
    [
        (403, "This repository is over its data quota. Purchase more data packs.", True),
        (403, "This repository exceeded its LFS budget.", True),
        (403, "Resource not accessible by integration", False),
        (429, "", True),
        (507, "", True),
        (509, "", True),
        (404, "Not Found", None),
        (500, "", None),
    ],
)
def test_a_refused_batch_is_the_owners_or_the_repositorys(
    status: int, message: str, of_owner: bool | None
) -> None:
    found = refused_batch(failed(status, message))
    assert (found.of_owner if found else None) is of_owner


def test_an_error_without_an_answer_ends_nothing() -> None:
    assert refused_batch(RepositoryError("the connection broke")) is None


@pytest.mark.parametrize(("code", "refused"), [(509, True), (429, True), (404, False), (0, False)])
def test_a_refused_object_ends_the_questions_only_by_a_code_of_a_quota(
    code: int, refused: bool
) -> None:
    assert bool(refused_object(code, "why")) is refused


def test_the_remedy_of_a_rate_limit_is_another_than_that_of_a_quota() -> None:
    limited, spent = refused_batch(failed(429, "")), refused_batch(failed(509, ""))
    assert limited
    assert spent
    assert "--max-lfs" in remedy(limited, "octo")
    assert "billing settings" in remedy(spent, "octo")


def test_an_owner_is_told_of_once_whatever_its_case() -> None:
    owners = RefusedOwners()
    assert "octo" not in owners
    assert owners.add("Octo")
    assert not owners.add("octo")
    assert "OCTO" in owners
