"""The program's queries are valid: against the stand-in's schema here, against GitHub's (slow)."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from graphql import parse, validate

from local_cloud.github.data.graphql.execution import schema
from repo_backup.hosts.github import accounts, data
from tools.github_api import published


def queries() -> Iterator[tuple[str, str]]:
    """The GraphQL documents among the constants of the program's modules, with their names."""
    found = [
        module
        for package in (data, accounts)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]
    for module in found:
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.isupper() and isinstance(value, str) and value.lstrip().startswith("query "):
                yield name, value


QUERIES = dict(queries())


def test_the_programs_queries_are_found() -> None:
    assert {"SENTINEL", "PULL_REVIEWS", "DISCUSSIONS", "PROJECT_ITEMS"} <= set(QUERIES)


@pytest.mark.parametrize("name", QUERIES)
def test_the_stand_in_knows_all_that_the_program_asks(name: str) -> None:
    assert validate(schema(), parse(QUERIES[name])) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_github_knows_all_that_the_program_asks(name: str) -> None:
    assert validate(published.graphql_schema(), parse(QUERIES[name])) == []
