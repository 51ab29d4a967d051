"""All problems of an environment are reported together, so that it can be corrected in one go."""

import pytest

from launcher.config import Config as LauncherConfig
from reporter.config import Config as ReporterConfig
from shared.config_env import Environment
from shared.errors import ConfigError


def test_all_problems_are_named_at_once() -> None:
    env = Environment({"NUMBER": "three", "SWITCH": "maybe", "SMALL": "2"})
    env.text("MISSING")
    env.integer("NUMBER")
    env.integer("SMALL", least=20)
    env.boolean("SWITCH")
    with pytest.raises(ConfigError) as caught:
        env.check()
    for name in ("MISSING", "NUMBER", "SMALL", "SWITCH"):
        assert name in str(caught.value)


def test_lists_forget_blanks_and_empty_entries() -> None:
    assert Environment({"L": " a, b ,,c"}).entries("L") == ("a", "b", "c")


@pytest.mark.parametrize("config", [LauncherConfig, ReporterConfig])
def test_an_empty_environment_is_a_config_error_and_nothing_else(
    config: type[LauncherConfig] | type[ReporterConfig],
) -> None:
    with pytest.raises(ConfigError, match="BUCKET is not set"):
        config.from_env({})
