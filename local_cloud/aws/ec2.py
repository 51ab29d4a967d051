"""The EC2 actions that the embedded cloud answers itself, in the Query API's XML.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

import base64
import fnmatch
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from local_cloud.aws.emulator import Action, Emulator, Parameters, Response
from local_cloud.aws.instances import STATE_CODES, STATE_REASONS, Fleet, Instance
from local_cloud.aws.launch import RefusedError, members, parse_launch, text
from local_cloud.aws.pools import instance_type, spot_price

_ZONES = "abc"
_PRICE_PAGE = 4


@dataclass(frozen=True, slots=True)
class Ec2Api:
    """EC2's actions on instances, spot prices and instance types."""

    cloud: Emulator
    fleet: Fleet

    def actions(self) -> dict[str, Action]:
        """Every action answered here, by name."""
        answers: dict[str, Callable[[Parameters], str]] = {
            "RunInstances": self.run_instances,
            "DescribeInstances": self.describe_instances,
            "TerminateInstances": self.terminate_instances,
            "GetConsoleOutput": self.get_console_output,
            "DescribeSpotPriceHistory": self.describe_spot_price_history,
            "DescribeInstanceTypes": self.describe_instance_types,
            "GetSpotPlacementScores": self.get_spot_placement_scores,
            "DescribeInstanceAttribute": self.describe_instance_attribute,
        }
        return {name: self._answering(name, answer) for name, answer in answers.items()}

    def _answering(self, name: str, answer: Callable[[Parameters], str]) -> Action:
        def act(parameters: Parameters) -> Response:
            try:
                return self.cloud.ec2_answer(name, answer(parameters))
            except RefusedError as error:
                return self.cloud.ec2_error(error.code, error.message, error.status)

        return act

    def run_instances(self, parameters: Parameters) -> str:
        """Launch one instance."""
        launch = parse_launch(parameters, self.cloud)
        if text(parameters, "DryRun").lower() == "true":
            raise RefusedError(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412
            )
        instance = self.fleet.launch(launch)
        return (
            f"<reservationId>r-{instance.instance_id[2:]}</reservationId>"
            f"<ownerId>{self.cloud.account}</ownerId><groupSet/>"
            f"<instancesSet>{self._instance(instance)}</instancesSet>"
        )

    def describe_instances(self, parameters: Parameters) -> str:
        """The instances with the given ids, or all, that match every filter."""
        wanted = members(parameters, "InstanceId")
        for instance_id in wanted:
            self._find(instance_id)
        shown = [
            instance
            for instance in self.fleet.instances.values()
            if instance.visible_at <= time.monotonic()
            and (not wanted or instance.instance_id in wanted)
            and all(self._admits(name, values, instance) for name, values in _filters(parameters))
        ]
        reservations = "".join(
            f"<item><reservationId>r-{instance.instance_id[2:]}</reservationId>"
            f"<ownerId>{self.cloud.account}</ownerId><groupSet/>"
            f"<instancesSet>{self._instance(instance)}</instancesSet></item>"
            for instance in shown
        )
        return f"<reservationSet>{reservations}</reservationSet>"

    def terminate_instances(self, parameters: Parameters) -> str:
        """Begin to terminate instances. A terminated one stays terminated."""
        changes = ""
        for instance in [self._find(each) for each in members(parameters, "InstanceId")]:
            before = instance.state
            self.fleet.terminate(instance, "Client.UserInitiatedShutdown")
            changes += (
                f"<item><instanceId>{instance.instance_id}</instanceId>"
                f"<currentState>{_state(instance.state)}</currentState>"
                f"<previousState>{_state(before)}</previousState></item>"
            )
        return f"<instancesSet>{changes}</instancesSet>"

    def get_console_output(self, parameters: Parameters) -> str:
        """The end of an instance's console output."""
        instance = self._find(text(parameters, "InstanceId"))
        printed = instance.machine.console() if instance.machine else instance.console
        return (
            f"<instanceId>{instance.instance_id}</instanceId>"
            f"<timestamp>{_time(datetime.now(UTC))}</timestamp>"
            f"<output>{base64.b64encode(printed).decode()}</output>"
        )

    def describe_instance_attribute(self, parameters: Parameters) -> str:
        """An instance's user data. Other attributes are not supported."""
        instance = self._find(text(parameters, "InstanceId"))
        attribute = text(parameters, "Attribute")
        if attribute != "userData":
            raise RefusedError("UnsupportedOperation", f"Not kept here: {attribute}")
        encoded = base64.b64encode(instance.launch.user_data).decode()
        return (
            f"<instanceId>{instance.instance_id}</instanceId>"
            f"<userData><value>{encoded}</value></userData>"
        )

    def describe_spot_price_history(self, parameters: Parameters) -> str:
        """The current price of each pool and, without ``StartTime``, yesterday's. In pages."""
        now = datetime.now(UTC)
        ages = [timedelta(minutes=7)]
        if not text(parameters, "StartTime"):
            ages.append(timedelta(days=1))
        zones = [f"{self.cloud.region}{letter}" for letter in _ZONES]
        kinds = [instance_type(name) for name in members(parameters, "InstanceType")]
        if None in kinds:
            raise RefusedError("InvalidParameterValue", "Invalid instance type.")
        quotes = [
            f"<item><instanceType>{kind.name}</instanceType>"
            "<productDescription>Linux/UNIX</productDescription>"
            f"<spotPrice>{spot_price(kind, zone) + Decimal(age.days) / 1000:.6f}</spotPrice>"
            f"<timestamp>{_time(now - age)}</timestamp>"
            f"<availabilityZone>{zone}</availabilityZone></item>"
            for age in ages
            for kind in kinds
            for zone in zones
            if kind is not None
        ]
        start = int(text(parameters, "NextToken") or 0)
        page = quotes[start : start + _PRICE_PAGE]
        following = start + _PRICE_PAGE
        token = str(following) if following < len(quotes) else ""
        return (
            f"<spotPriceHistorySet>{''.join(page)}</spotPriceHistorySet>"
            f"<nextToken>{token}</nextToken>"
        )

    def describe_instance_types(self, parameters: Parameters) -> str:
        """The named types. A filter omits unknown ones; the parameter InstanceType refuses them."""
        names = members(parameters, "InstanceType")
        wanted = [values for name, values in _filters(parameters) if name == "instance-type"]
        unknown = [name for name in names if instance_type(name) is None]
        if wanted:
            names = wanted[0]
        elif unknown or not names:
            raise RefusedError(
                "InvalidInstanceType",
                f"The following supplied instance types do not exist: [{', '.join(unknown)}]",
            )
        items = "".join(
            f"<item><instanceType>{kind.name}</instanceType>"
            "<currentGeneration>true</currentGeneration>"
            "<supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>"
            "<processorInfo><supportedArchitectures>"
            f"<item>{kind.architecture}</item></supportedArchitectures></processorInfo>"
            f"<vCpuInfo><defaultVCpus>{kind.vcpus}</defaultVCpus></vCpuInfo>"
            f"<memoryInfo><sizeInMiB>{kind.memory_mib}</sizeInMiB></memoryInfo></item>"
            for kind in map(instance_type, names)
            if kind is not None
        )
        return f"<instanceTypeSet>{items}</instanceTypeSet>"

    def get_spot_placement_scores(self, parameters: Parameters) -> str:
        """The score of each zone, which is the same for all zones here."""
        region = text(parameters, "RegionName.1")
        items = "".join(
            f"<item><region>{region}</region><availabilityZoneId>{zone_id}</availabilityZoneId>"
            "<score>7</score></item>"
            for zone_id in self.cloud.zone_ids()
        )
        return f"<spotPlacementScoreSet>{items}</spotPlacementScoreSet>"

    def _find(self, instance_id: str) -> Instance:
        if not re.fullmatch(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", instance_id):
            raise RefusedError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
        instance = self.fleet.instances.get(instance_id)
        if instance is None or instance.visible_at > time.monotonic():
            raise RefusedError(
                "InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist"
            )
        return instance

    def _admits(self, name: str, values: list[str], instance: Instance) -> bool:
        launch = instance.launch
        tags = self.cloud.tags(instance.instance_id)
        facts = {
            "instance-id": instance.instance_id,
            "instance-state-name": instance.state,
            "client-token": launch.client_token,
            "instance-type": launch.kind.name,
            "instance-lifecycle": "spot" if launch.spot else "",
            "image-id": launch.image_id,
            "availability-zone": launch.subnet.zone,
            "subnet-id": launch.subnet.subnet_id,
        }
        if name.startswith("tag:"):
            found = [tags[name[4:]]] if name[4:] in tags else []
        elif name == "tag-key":
            found = list(tags)
        elif name in facts:
            found = [facts[name]]
        else:
            raise RefusedError("InvalidParameterValue", f"The filter '{name}' is invalid")
        return any(fnmatch.fnmatchcase(fact, value) for fact in found for value in values)

    def _instance(self, instance: Instance) -> str:
        launch = instance.launch
        tags = "".join(
            f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>"
            for key, value in self.cloud.tags(instance.instance_id).items()
        )
        groups = "".join(
            f"<item><groupId>{group}</groupId></item>" for group in launch.security_group_ids
        )
        lifecycle = "<instanceLifecycle>spot</instanceLifecycle>" if launch.spot else ""
        key_name = f"<keyName>{escape(launch.key_name)}</keyName>" if launch.key_name else ""
        profile = (
            f"<iamInstanceProfile><arn>{launch.profile.arn}</arn></iamInstanceProfile>"
            if launch.profile
            else ""
        )
        return (
            f"<item><instanceId>{instance.instance_id}</instanceId>"
            f"<imageId>{launch.image_id}</imageId>"
            f"<instanceState>{_state(instance.state)}</instanceState>"
            f"<instanceType>{launch.kind.name}</instanceType>{key_name}"
            f"<launchTime>{_time(instance.launched_at)}</launchTime>"
            f"<placement><availabilityZone>{launch.subnet.zone}</availabilityZone></placement>"
            f"<subnetId>{launch.subnet.subnet_id}</subnetId>"
            f"<vpcId>{launch.subnet.vpc_id}</vpcId>"
            f"<architecture>{launch.kind.architecture}</architecture>"
            f"<clientToken>{escape(launch.client_token)}</clientToken>{lifecycle}{profile}"
            f"<groupSet>{groups}</groupSet><tagSet>{tags}</tagSet>{_reason(instance)}</item>"
        )


def _reason(instance: Instance) -> str:
    if instance.reason_code is None or instance.ended_at is None:
        return ""
    message = f"{instance.reason_code}: {STATE_REASONS[instance.reason_code]}"
    return (
        f"<reason>{STATE_REASONS[instance.reason_code]}"
        f" ({instance.ended_at:%Y-%m-%d %H:%M:%S} GMT)</reason>"
        f"<stateReason><code>{instance.reason_code}</code>"
        f"<message>{message}</message></stateReason>"
    )


def _state(name: str) -> str:
    return f"<code>{STATE_CODES[name]}</code><name>{name}</name>"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"


def _filters(parameters: Parameters) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    while name := text(parameters, f"Filter.{len(found) + 1}.Name"):
        found.append((name, members(parameters, f"Filter.{len(found) + 1}.Value")))
    return found
