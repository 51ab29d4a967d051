"""What holds for every test: no test can see, or reach, an AWS account of the person's."""

import functools
import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from local_cloud.github.apps import new_key
from local_cloud.session import neutralise

_DUMMIES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


_IN_MEMORY = Path("/dev/shm")
"""Where Linux has a file system in memory: a test of files takes a sixth less processor time."""
_ROOM_BYTES = 4 << 30
_YOUNG_OBJECTS = 20_000


def _has_room(folder: Path) -> bool:
    """Whether there is room, and programs may run from there, which containers forbid."""
    if not os.access(folder, os.W_OK):
        return False
    answer = os.statvfs(folder)
    return answer.f_bavail * answer.f_frsize >= _ROOM_BYTES and not answer.f_flag & os.ST_NOEXEC


def pytest_configure() -> None:
    """Let neither the person's configuration nor a git hook that runs us disturb the tests.

    Nothing is timed: a busy machine must not make a property fail.
    """
    neutralise(os.environ)
    # What is imported stays in memory: searching it for garbage takes a fifth of the import time.
    gc.disable()
    # The functions' logger reads them when their modules are imported.
    os.environ |= {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("untimed")
    if _has_room(_IN_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))
    # Every session would parse the descriptions of its services anew: a tenth of a second each.
    botocore.session.create_loader = functools.cache(create_loader)


def pytest_collection_finish() -> None:
    """Collect no garbage among the modules and tests: they live to the end.

    By default Python searches the new objects after each 700; a test creates many thousands.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
    gc.enable()


class _OneCloud(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one worker, and all files about the embedded cloud to the same."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """With ``--dist loadfile``, start one embedded cloud: another takes five processor seconds."""
    return _OneCloud(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    """A private key for the GitHub Apps of all tests."""
    return new_key()


@pytest.fixture
def true_sleep() -> Iterator[None]:
    """Fail a test that leaves ``time.sleep`` replaced: whatever polls would spin from then on."""
    before = time.sleep
    yield
    assert time.sleep is before


@pytest.fixture(autouse=True)
def no_real_aws(true_sleep: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give boto3 dummy credentials and hide the person's configuration and GitHub token."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    for name, value in _DUMMIES.items():
        monkeypatch.setenv(name, value)
