"""The API: REST and GraphQL, within the caller's hourly rate limits."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus

from local_cloud.github import listings
from local_cloud.github.answer import Answer
from local_cloud.github.apps import Apps
from local_cloud.github.catalogue import Catalogue
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.graphql import execution
from local_cloud.github.data.limits import Limits, Resource
from local_cloud.github.data.rest import answers
from local_cloud.github.data.rest.access import Caller


@dataclass(frozen=True)
class Asked:
    """A request: ``base`` is the URL of the stand-in, ``body`` only of GraphQL's."""

    path: str
    query: str
    base: str
    caller: Caller
    headers: Message | Mapping[str, str]
    body: bytes = b""

    @property
    def resource(self) -> Resource:
        """The rate limit that it counts against."""
        return "graphql" if self.path == "/graphql" else "core"


@dataclass
class Api:
    """Answers all API requests except those that only an App itself may make."""

    catalogue: Catalogue
    apps: Apps
    data: AccountData = field(default_factory=AccountData)
    limits: Limits = field(default_factory=Limits)

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request, which counts against the limit unless it is 304 (not modified).

        An ETag is valid only for the token that received it: github.com/eclipse-csi/otterdog issue
        201.
        """
        token = asked.caller.token
        if seconds := self.limits.wait_seconds(token, asked.resource):
            return _too_fast(asked.resource, seconds)
        if asked.resource == "graphql":
            return execution.execute(
                self.catalogue, self.data, self.limits, asked.base, asked.body, asked.caller
            )
        left = self.limits.allowance(token, "core")
        if left.used >= left.limit and token:
            return Answer(403, b'{"message": "API rate limit exceeded for this token."}')
        reply = self._answer(asked)
        if reply.status == HTTPStatus.OK:
            etag = f'W/"{hashlib.sha256(token.encode() + reply.body).hexdigest()}"'
            reply = Answer(reply.status, reply.body, {**reply.headers, "ETag": etag})
            if asked.headers.get("If-None-Match") == etag:
                return Answer(304, b"", reply.headers)
        left.used += 1
        return reply

    def _answer(self, asked: Asked) -> Answer:
        caller = asked.caller
        where = (self.catalogue, self.data)
        place = (asked.base, asked.path, asked.query)
        accept = asked.headers.get("Accept") or ""
        found = answers.answer(*where, self.limits, *place, caller, accept)
        if found:
            return found
        if caller.installation:
            listed = self.apps.listed(self.catalogue, caller.installation)
            return listings.answer_app(*where, *place, caller, listed)
        return listings.answer(*where, *place, caller)


def _too_fast(resource: Resource, seconds: int) -> Answer:
    """A secondary rate limit, with ``Retry-After``: 403, or 200 with a GraphQL error."""
    message = "You have exceeded a secondary rate limit. Please wait before you try again."
    headers = {"Retry-After": str(seconds)}
    if resource == "graphql":
        reported = {"errors": [{"type": "RATE_LIMITED", "message": message}]}
        return Answer(200, json.dumps(reported).encode(), headers)
    return Answer(403, json.dumps({"message": message}).encode(), headers)
