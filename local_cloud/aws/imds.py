"""The instance metadata service, version 2, one endpoint per instance.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import contextvars
import http.server
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from local_cloud.aws.emulator import Emulator
from local_cloud.aws.launch import Launch

_LONGEST_TOKEN_SECONDS = 21600
_CREDENTIALS_LAST = timedelta(hours=6)


class Described(Protocol):
    """The fields of an instance that the service needs. ``notice`` announces an interruption."""

    instance_id: str
    launch: Launch
    context: contextvars.Context
    notice: dict[str, str] | None


@dataclass(slots=True)
class MetadataService:
    """Serves one instance's metadata at ``url`` until it is closed."""

    url: str
    _server: http.server.ThreadingHTTPServer

    @classmethod
    def start(cls, instance: Described, cloud: Emulator) -> "MetadataService":
        """Serve ``instance``'s metadata on a free port of the loopback interface."""
        metadata = _Metadata(instance, cloud)

        class Handler(_Handler):
            pass

        Handler.metadata = metadata
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return cls(f"http://127.0.0.1:{server.server_port}", server)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(slots=True)
class _Metadata:
    """The instance's metadata, and the issued tokens with the time when they expire."""

    instance: Described
    cloud: Emulator
    tokens: dict[str, float] = field(default_factory=dict)

    def new_token(self, seconds: int) -> str:
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + seconds
        return token

    def admits(self, token: str | None) -> bool:
        if token is None:
            return not self.instance.launch.metadata_token_required
        return self.tokens.get(token, 0.0) > time.monotonic()

    def read(self, path: str) -> str | None:
        """The text at ``path`` (without its version); None if AWS answers 404."""
        launch = self.instance.launch
        profile = launch.profile
        role_arn = profile.role_arn if profile else None
        role = role_arn.rpartition("/")[2] if role_arn else None
        region = self.instance.context.copy().run(lambda: self.cloud.region)
        values: dict[str, str | None] = {
            "dynamic/instance-identity/document": json.dumps(
                {"instanceId": self.instance.instance_id, "region": region}
            ),
            "meta-data/ami-id": launch.image_id,
            "meta-data/iam/security-credentials": role,
            "meta-data/instance-id": self.instance.instance_id,
            "meta-data/instance-life-cycle": "spot" if launch.spot else "on-demand",
            "meta-data/instance-type": launch.kind.name,
            "meta-data/placement/availability-zone": launch.subnet.zone,
            "meta-data/placement/region": region,
            "user-data": launch.user_data.decode(errors="replace"),
        }
        if self.instance.notice:
            values["meta-data/spot/instance-action"] = json.dumps(self.instance.notice)
        if launch.metadata_tags:
            values["meta-data/tags/instance"] = "\n".join(launch.tags)
            for key, value in launch.tags.items():
                values[f"meta-data/tags/instance/{key}"] = value
        if role_arn and path == f"meta-data/iam/security-credentials/{role}":
            return self._credentials(role_arn)
        return values.get(path)

    def _credentials(self, role_arn: str) -> str:
        session = self.instance.context.copy().run(
            self.cloud.service_session, role_arn, "ec2.amazonaws.com", self.instance.instance_id
        )
        now = datetime.now(UTC)
        if session is None:
            return json.dumps(
                {
                    "Code": "AssumeRoleUnauthorizedAccess",
                    "Message": f"EC2 cannot assume the role {role_arn}.",
                    "LastUpdated": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                }
            )
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "Type": "AWS-HMAC",
                "AccessKeyId": session.access_key_id,
                "SecretAccessKey": session.secret_access_key,
                "Token": session.token,
                "Expiration": f"{now + _CREDENTIALS_LAST:%Y-%m-%dT%H:%M:%SZ}",
            }
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    metadata: _Metadata

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log the guest's requests."""

    def do_PUT(self) -> None:
        """Issue a token."""
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token":
            self._answer(404)
        elif not seconds.isdigit() or not 1 <= int(seconds) <= _LONGEST_TOKEN_SECONDS:
            self._answer(400)
        else:
            self._answer(200, self.metadata.new_token(int(seconds)))

    def do_GET(self) -> None:
        """Answer with one item of metadata."""
        if not self.metadata.admits(self.headers.get("X-aws-ec2-metadata-token")):
            self._answer(401)
            return
        _, _, path = self.path.strip("/").partition("/")
        found = self.metadata.read(path)
        if found is None:
            self._answer(404)
        else:
            self._answer(200, found)

    def _answer(self, status: int, text: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
