"""The template as CloudFormation gets it: after SAM's transform."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Template:
    """``source`` is template.yaml as written; ``resources`` are the transformed ones by name."""

    source: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]

    def properties(self, name: str) -> dict[str, Any]:
        """A resource's properties."""
        found: dict[str, Any] = self.resources[name]["Properties"]
        return found

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by name."""
        return {
            name: dict(each.get("Properties", {}))
            for name, each in self.resources.items()
            if each["Type"] == kind
        }

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Everything a role is permitted to do; conditional statements count as there."""
        policies = self.properties(role)["Policies"]
        given = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
        return [each["Fn::If"][1] if "Fn::If" in each else each for each in given]


def actions(statement: Mapping[str, Any]) -> list[str]:
    """A statement's actions."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def text(value: Any) -> Iterator[str]:
    """Every string in a part of a template, intrinsic functions included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from text(each)
    elif isinstance(value, list):
        for each in value:
            yield from text(each)


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def read_template() -> Template:
    """The repository's template, transformed."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    given = copy.deepcopy(source)
    given["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        transformed = transform(given, {}, _NoManagedPolicies())
    return Template(source, transformed["Resources"])
