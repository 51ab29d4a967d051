"""Until AWS has answered once, little is tried again; from then on as much as ever."""

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.session import Session

from repo_backup.aws.first_contact import FirstContact, UnansweredError
from repo_backup.runtime.errors import UnreachedError
from repo_backup.store.s3_errors import sdk_error

URL = "https://s3.eu-central-1.amazonaws.com"
REFUSED, SILENT = EndpointConnectionError(endpoint_url=URL), ConnectTimeoutError(endpoint_url=URL)
SLOW, CLOSED = ReadTimeoutError(endpoint_url=URL), ConnectionClosedError(endpoint_url=URL)


def test_an_unknown_host_is_tried_twice() -> None:
    contact = FirstContact()
    contact.after_attempt(attempts=1, caught_exception=REFUSED)
    with pytest.raises(UnansweredError, match="eu-central-1"):
        contact.after_attempt(attempts=2, caught_exception=REFUSED)


def test_a_silent_host_is_tried_once() -> None:
    with pytest.raises(UnansweredError):
        FirstContact().after_attempt(attempts=1, caught_exception=SILENT)


@pytest.mark.parametrize("error", [REFUSED, SILENT])
def test_what_has_answered_is_retried_as_the_client_is_configured(error: Exception) -> None:
    contact = FirstContact()
    contact.after_attempt(attempts=1, response=(object(), {"Error": {"Code": "AccessDenied"}}))
    for attempt in range(1, 5):
        contact.after_attempt(attempts=attempt, caught_exception=error)


@pytest.mark.parametrize("error", [SLOW, CLOSED])
def test_what_broke_off_after_it_was_connected_is_the_sdks_to_retry(error: Exception) -> None:
    for attempt in range(1, 5):
        FirstContact().after_attempt(attempts=attempt, caught_exception=error)


def test_the_sdk_asks_it_before_its_own_handler() -> None:
    session = Session()
    session.set_credentials("test", "test")
    client = session.create_client("s3", region_name="eu-central-1")
    FirstContact().watch(client)
    with pytest.raises(UnansweredError):
        client.meta.events.emit(
            "needs-retry.s3.ListObjectsV2",
            attempts=2,
            response=None,
            caught_exception=REFUSED,
            request_dict={"context": {}},
        )


def test_it_is_an_error_that_is_tried_twice_with_its_remedy() -> None:
    error = sdk_error("s3://b/k", "s3", UnansweredError(endpoint_url=URL))
    assert type(error) is UnreachedError
    assert "check the network, AWS_REGION and AWS_ENDPOINT_URL" in str(error)
    assert type(sdk_error("s3://b/k", "s3", REFUSED)) is not UnreachedError
