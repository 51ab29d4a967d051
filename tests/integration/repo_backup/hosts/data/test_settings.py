"""Settings of every kind are read, each by its own right, and no secret gets into anything."""

import json
import logging
from pathlib import Path

import pytest

from local_cloud.github import Repository, TokenRights
from local_cloud.github.data.furnishing import PLANTED, furnish_settings
from repo_backup.hosts.github.data.sections import SETTINGS
from tests.integration.repo_backup.hosts.data.project import Project


def test_settings_of_every_kind_are_read_and_no_secret_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Project(tmp_path) as project:
        furnish_settings(project.editor())
        reading = project.run()
        assert {reading.sections[f"settings.{name}"].state for name in SETTINGS} == {"complete"}
        documents = project.backups[1].documents.all
        assert len(documents["settings/variables.json"]["actions"]) == 35
        assert list(documents["settings/variables.json"]["environments"]) == ["production"]
        assert documents["settings/branch_protection.json"]["main"]["allow_deletions"]
        (ruleset,) = documents["settings/rulesets.json"].values()
        assert ruleset["bypass_actors"]
        names = documents["settings/secret_names.json"]
        assert [each["name"] for each in names["dependabot"]] == ["REGISTRY_TOKEN"]
        assert [each["name"] for each in names["environments"]["production"]] == ["PASSWORD"]
        assert documents["security-advisories/GHSA-aaaa-bbbb-cccc.json"]["summary"]
        answer = json.dumps([documents, {n: s.document for n, s in reading.sections.items()}])
        assert not [secret for secret in PLANTED if secret in answer + caplog.text]


def test_each_setting_that_a_token_may_not_read_names_the_right(tmp_path: Path) -> None:
    rights = TokenRights(None, permissions={"metadata": "read"}, administers=False)
    with Project(tmp_path, rights=rights) as project:
        project.hub.catalogue.add(Repository(1, "octo", "hello", private=True))
        furnish_settings(project.editor())
        sections = project.run().sections
        assert sections["settings.repository"].state == "complete"
        hooks = sections["settings.hooks"]
        assert (hooks.state, hooks.reason) == ("not-permitted", "needs Webhooks (read)")
        assert "failed" not in {section.state for section in sections.values()}


def test_settings_are_read_again_only_when_it_is_their_turn(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        furnish_settings(project.editor())
        project.run()
        project.editor().comment(1, "New")
        project.run()
        assert not any("/keys" in each or "/rulesets" in each for each in project.requests)
        project.run(settings=True)
        asked = [each for each in project.requests if not each.startswith("/graphql")]
        assert len(asked) <= 26
        assert project.allowance.counted["rotation"] >= 19


def test_settings_of_which_github_counts_none_are_not_asked_for(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        reading = project.run()
        counted = ("branches", "rulesets", "environments", "keys", "teams", "pages")
        assert not [each for each in project.requests for name in counted if f"/{name}?" in each]
        assert {reading.sections[f"settings.{name}"].state for name in SETTINGS} == {"complete"}
        documents = project.backups[1].documents.all
        assert documents["settings/branch_protection.json"] == {}
        assert documents["settings/deploy_keys.json"] == []
        assert documents["settings/pages.json"] is None


def test_a_count_of_none_says_nothing_to_who_is_no_administrator(tmp_path: Path) -> None:
    with Project(tmp_path, rights=TokenRights(administers=False)) as project:
        furnish_settings(project.editor())
        sections = project.run().sections
        assert sections["settings.deploy_keys"].state == "not-permitted"


def test_counts_that_are_refused_cost_one_more_request_and_no_other_count(tmp_path: Path) -> None:
    given = ("metadata", "issues", "pull_requests", "discussions", "contents", "administration")
    rights = TokenRights(None, permissions=dict.fromkeys(given, "read"))
    with Project(tmp_path, "hello", "other", rights=rights) as project:
        for number, name in enumerate(("hello", "other"), 1):
            project.hub.catalogue.add(Repository(number, "octo", name, private=True))
        project.editor().create_issue("First")
        project.hub.limits.forbidden_nodes = False
        host = project.host()
        host.announce([project.remote(1), project.remote(2)])
        counts = [host.signature(project.remote(number)).counts for number in (1, 2)]
        assert [each["issues"] for each in counts] == [1, 0]
        assert "settings.environments" not in counts[0]
        assert len(project.hub.requests) == 2
