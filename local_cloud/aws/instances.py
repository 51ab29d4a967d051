"""The instances of the embedded cloud: their life cycle, and the events that it causes."""

import contextvars
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from local_cloud.aws.emulator import Emulator
from local_cloud.aws.imds import MetadataService
from local_cloud.aws.launch import Launch, RefusedError
from local_cloud.machine.machine import Machine, run_to_the_end

# DescribeInstances is eventually consistent: a new instance is missing from it at first.
INVISIBLE_SECONDS = 2.0

STATE_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopped": 80}
STATE_REASONS = {
    "Client.InstanceInitiatedShutdown": "Instance initiated shutdown",
    "Client.UserInitiatedShutdown": "User initiated shutdown",
    "Server.SpotInstanceTermination": "Spot instance termination",
    "Server.InternalError": "Internal error on launch",
}


@dataclass(slots=True)
class Instance:
    """One instance, and the machine behind it while it runs."""

    instance_id: str
    launch: Launch
    context: contextvars.Context
    launched_at: datetime
    visible_at: float
    state: str = "pending"
    reason_code: str | None = None
    ended_at: datetime | None = None
    notice: dict[str, str] | None = None
    console: bytes = b""
    machine: Machine | None = None
    metadata: MetadataService | None = None

    @property
    def alive(self) -> bool:
        """Whether it is pending or running."""
        return self.state in ("pending", "running")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the fleet runs its machines."""

    directory: Path
    endpoint_url: str
    guest_environment: Mapping[str, str]
    minute_seconds: float = 60.0
    event_copies: int = 1


@dataclass(slots=True)
class Fault:
    """An error for the next ``times`` launches in a pool (``type/zone``, ``*`` for any part)."""

    pool: str
    market: str
    code: str
    times: int


@dataclass(slots=True)
class Fleet:
    """All instances, by id."""

    cloud: Emulator
    settings: Settings
    instances: dict[str, Instance] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _by_token: dict[tuple[str, str], Instance] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def launch(self, launch: Launch) -> Instance:
        """Launch an instance, or return the one that this client token launched in this zone.

        Raises :class:`RefusedError` for a reused token with other parameters, and for whatever
        fault was injected into the pool.
        """
        with self._lock:
            token = (launch.client_token, launch.subnet.zone)
            known = self._by_token.get(token) if launch.client_token else None
            if known is not None:
                if known.launch.fingerprint != launch.fingerprint:
                    raise RefusedError(
                        "IdempotentParameterMismatch",
                        "The request uses the same client token as a previous, but non-identical"
                        " request.",
                    )
                return known
            self._meet_fault(launch)
            instance = Instance(
                instance_id=f"i-{secrets.token_hex(9)[:17]}",
                launch=launch,
                context=self.cloud.context(),
                launched_at=datetime.now(UTC),
                visible_at=time.monotonic() + INVISIBLE_SECONDS,
            )
            self.instances[instance.instance_id] = instance
            if launch.client_token:
                self._by_token[token] = instance
            self.cloud.set_tags(instance.instance_id, launch.tags)
        threading.Thread(target=self._boot, args=(instance,), daemon=True).start()
        return instance

    def terminate(self, instance: Instance, reason_code: str) -> None:
        """Begin to terminate an instance. It is terminated when its machine is off."""
        with self._lock:
            if not instance.alive:
                return
            self._enter(instance, "shutting-down", reason_code)
            if instance.machine is not None:
                instance.machine.stop()

    def interrupt(self, instance: Instance, notice_seconds: float) -> None:
        """Reclaim a spot instance after a notice, which AWS gives two minutes in advance."""
        moment = datetime.fromtimestamp(time.time() + notice_seconds, UTC)
        instance.notice = {"action": "terminate", "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        self._tell(
            instance,
            "EC2 Spot Instance Interruption Warning",
            {"instance-id": instance.instance_id, "instance-action": "terminate"},
        )
        timer = threading.Timer(
            notice_seconds, self.terminate, (instance, "Server.SpotInstanceTermination")
        )
        timer.daemon = True
        timer.start()

    def announce(self, instance: Instance) -> None:
        """Send the event about an instance's current state (again)."""
        self._tell(
            instance,
            "EC2 Instance State-change Notification",
            {"instance-id": instance.instance_id, "state": instance.state},
        )

    def close(self) -> None:
        """Turn every machine off and wait until all are."""
        with self._lock:
            machines = [i.machine for i in self.instances.values() if i.machine is not None]
        for machine in machines:
            machine.stop()
        for machine in machines:
            machine.process.wait()

    def _meet_fault(self, launch: Launch) -> None:
        market = "spot" if launch.spot else "on-demand"
        for fault in self.faults:
            kind, _, zone = fault.pool.partition("/")
            if (
                fault.times > 0
                and kind in ("*", launch.kind.name)
                and zone in ("", "*", launch.subnet.zone)
                and fault.market in ("*", market)
            ):
                fault.times -= 1
                # Missing capacity is a *server* error, which SDKs retry by default.
                server = fault.code.startswith(("Insufficient", "Internal", "Unavailable"))
                raise RefusedError(
                    fault.code, f"{fault.code} in {launch.pool}", 500 if server else 400
                )

    def _boot(self, instance: Instance) -> None:
        launch = instance.launch
        metadata = MetadataService.start(instance, self.cloud)
        environment = {
            "AWS_ENDPOINT_URL": self.settings.endpoint_url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url,
            **self.settings.guest_environment,
        }
        self.announce(instance)
        with self._lock:
            machine = Machine.boot(
                self.settings.directory / instance.instance_id,
                launch.user_data,
                environment,
                self.settings.minute_seconds,
            )
            instance.machine, instance.metadata = machine, metadata
            if instance.alive:
                self._enter(instance, "running", None)
            else:
                machine.stop()
        run_to_the_end(machine, lambda ended_by: self._ended(instance, machine, ended_by))

    def _ended(self, instance: Instance, machine: Machine, ended_by: str) -> None:
        with self._lock:
            instance.console = machine.console()
            instance.machine = None
            if instance.metadata is not None:
                instance.metadata.close()
            if instance.alive:
                reasons = {"guest": "Client.InstanceInitiatedShutdown"}
                self._enter(
                    instance, "shutting-down", reasons.get(ended_by, "Server.InternalError")
                )
            stays = ended_by == "guest" and not (
                instance.launch.spot or instance.launch.terminates_on_shutdown
            )
            if not stays:
                # Terminated instances stay visible for a while, without their tags.
                instance.context.copy().run(self.cloud.set_tags, instance.instance_id, {})
            self._enter(instance, "stopped" if stays else "terminated", instance.reason_code)

    def _enter(self, instance: Instance, state: str, reason_code: str | None) -> None:
        instance.state, instance.reason_code = state, reason_code
        if state == "shutting-down":
            instance.ended_at = datetime.now(UTC)
        self.announce(instance)

    def _tell(self, instance: Instance, detail_type: str, detail: Mapping[str, str]) -> None:
        context = instance.context.copy()
        region, account = context.run(lambda: (self.cloud.region, self.cloud.account))
        arn = f"arn:aws:ec2:{region}:{account}:instance/{instance.instance_id}"

        def send() -> None:
            for _ in range(self.settings.event_copies):
                self.cloud.put_event(detail_type, detail, arn)

        _in_background(lambda: context.run(send))


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
