"""Limits the SDK's retries until AWS has answered once: a missing network is reported soon."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

if TYPE_CHECKING:
    from botocore.client import BaseClient

_ATTEMPTS = 2
"""If the connection is refused or the host is unknown. A host that does not answer gets one
attempt, because each takes as long as the client's time-out."""


class UnansweredError(EndpointConnectionError):
    """An endpoint that has never answered this client cannot be reached."""


class FirstContact:
    """Ends a client's retries early until its endpoint has answered once.

    botocore asks its handlers after each attempt, with a response or an exception, whether to
    retry: https://docs.aws.amazon.com/boto3/latest/guide/events.html. After any response the
    client retries as configured.
    """

    def __init__(self) -> None:
        """Start with an endpoint that has not answered."""
        self._answered = False

    def watch(self, client: "BaseClient") -> None:
        """Register for each attempt of the client, before the SDK's own handler."""
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", self.after_attempt)

    def after_attempt(
        self,
        attempts: int,
        response: object = None,
        caught_exception: BaseException | None = None,
        **_: Any,
    ) -> None:
        """Handle botocore's event. Raises UnansweredError instead of a retry that cannot help."""
        if response is not None:
            self._answered = True
        if self._answered or not isinstance(
            caught_exception, EndpointConnectionError | ConnectTimeoutError
        ):
            return
        if attempts >= _ATTEMPTS or isinstance(caught_exception, ConnectTimeoutError):
            where = caught_exception.kwargs.get("endpoint_url", "")
            raise UnansweredError(endpoint_url=where) from caught_exception
