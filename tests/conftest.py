"""What holds for every test: no test can see, or reach, an AWS account of the person's."""

import functools
import os

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import HealthCheck, settings

from local_cloud.session import neutralise

_DUMMIES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def pytest_configure() -> None:
    """Let neither the person's configuration nor a git hook that runs us disturb the tests.

    Nothing is timed: a busy machine must not make a property fail.
    """
    neutralise(os.environ)
    # The functions' logger reads them when their modules are imported.
    os.environ |= {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("untimed")
    # Every session would parse the descriptions of its services anew: a tenth of a second each.
    botocore.session.create_loader = functools.cache(create_loader)


@pytest.fixture(autouse=True)
def no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give boto3 dummy credentials and hide the person's configuration and GitHub token."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    for name, value in _DUMMIES.items():
        monkeypatch.setenv(name, value)
