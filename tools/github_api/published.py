"""Reads GitHub's OpenAPI description and GraphQL schema, and validates answers and queries."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_PACKAGES = Path(__file__).parent / "node_modules/@octokit"
_DESCRIPTION = _PACKAGES / "openapi/generated/api.github.com.json"
_SCHEMA = _PACKAGES / "graphql-schema/schema.graphql"
_NAME = "urn:github"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = "GitHub's API description is not installed: make github-api"
        raise FileNotFoundError(message) from error


@cache
def graphql_schema() -> GraphQLSchema:
    """GitHub's GraphQL schema. Raises FileNotFoundError before it is installed."""
    return build_schema(_text(_SCHEMA), assume_valid=True)


@cache
def description() -> Mapping[str, Any]:
    """GitHub's OpenAPI description. Raises FileNotFoundError before it is installed."""
    read: Mapping[str, Any] = _with_nulls(json.loads(_text(_DESCRIPTION)))
    return read


@cache
def _registry() -> Registry[Any]:
    resource: Resource[Any] = DRAFT4.create_resource(description())
    registry: Registry[Any] = Registry().with_resource(_NAME, resource)
    return registry


def faults(path: str, status: int, body: Any) -> Iterator[str]:
    """What is wrong with an answer to GET ``path``, as ``/repos/{owner}/{repo}/labels``.

    The names of the path's variables do not count. Raises KeyError for a path that GitHub does not
    have, or a status that it does not give there.
    """
    shapes = {_shape(each): each for each in description()["paths"]}
    answer = description()["paths"][shapes[_shape(path)]]["get"]["responses"][str(status)]
    contents = list(_content(answer).values())
    schema = _qualified(contents[0]["schema"])
    validator = OAS30Validator(schema, registry=_registry(), format_checker=oas30_format_checker)
    for error in validator.iter_errors(body):
        where = "/".join(str(each) for each in error.absolute_path)
        yield f"{where}: {error.message}"
    for name in sorted(_unknown(schema, body)):
        yield f"{name}: GitHub has no such field"


def _content(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in answer:
        answer = description()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content: Mapping[str, Any] = answer["content"]
    return content


def _unknown(schema: Mapping[str, Any], body: Any) -> set[str]:
    """Fields of an object, or of a list's objects, that the schema does not name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _unknown(description()["components"]["schemas"][name], body)
    if isinstance(body, list):
        items = schema.get("items", {})
        return {name for each in body for name in _unknown(items, each)}
    if not isinstance(body, dict) or "properties" not in schema:
        return set()
    return set(body) - set(schema["properties"])


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _qualified(schema: Any) -> Any:
    """References of a part of the description, made to hold without the rest."""
    return json.loads(json.dumps(schema).replace('"#/', f'"{_NAME}#/'))


def _with_nulls(schema: Any) -> Any:
    """The description with null among the values of what it calls nullable.

    ``nullable: true`` beside ``enum`` or ``allOf`` does not say so by the letter of OpenAPI 3.0:
    https://github.com/OAI/OpenAPI-Specification/blob/main/proposals/2019-10-31-Clarify-Nullable.md
    """
    if isinstance(schema, list):
        return [_with_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: _with_nulls(each) for name, each in schema.items()}
    if changed.get("nullable") is True:
        if isinstance(changed.get("enum"), list) and None not in changed["enum"]:
            changed["enum"] = [*changed["enum"], None]
        if "allOf" in changed and "type" not in changed:
            null = {"nullable": True, "enum": [None]}
            changed["anyOf"] = [null, {"allOf": changed.pop("allOf")}]
    return changed
