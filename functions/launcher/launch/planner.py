"""Plans an attempt: the pools to request an instance from, in order, and the user data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.config import Config
from launcher.launch.ec2 import Ec2, InstanceSettings
from launcher.launch.images import Images
from launcher.launch.pools import (
    LAST_RESORTS,
    Purchase,
    Spot,
    plan_pools,
    purchase_options,
    reclaimed_pools,
)
from launcher.launch.program_arguments import program_arguments
from launcher.launch.program_store import Bucket
from launcher.launch.stack_tags import StackTags
from launcher.launch.user_data import render, variables
from launcher.preflight.github_facts import GitHub
from shared.errors import RefusedError
from shared.model.run import (
    TAG_ATTEMPT,
    TAG_RUN_ID,
    TAG_STACK,
    Attempt,
    Market,
    Options,
    Pool,
)


@dataclass(frozen=True, slots=True)
class Planner:
    """The planner with its adapters. It looks everything up before anything costs money."""

    config: Config
    ec2: Ec2
    images: Images
    github: GitHub
    bucket: Bucket
    deployment: Path
    stack_tags: StackTags

    def plan(
        self, run_id: str, number: int, options: Options, earlier: Iterable[Attempt] = ()
    ) -> tuple[tuple[Pool, ...], str]:
        """The pools of this attempt in the order of the requests, and the user data.

        ``earlier`` are the run's other attempts. Raises :class:`RefusedError` for an obstacle that
        a retry cannot remove.
        """
        config = self.config
        if options.on_demand and not config.allow_on_demand:
            raise RefusedError(
                "AllowOnDemand",
                "it is false, but the event has on_demand.",
                "Deploy with AllowOnDemand=true, or leave on_demand out.",
            )
        arguments = program_arguments(
            config.github_owners,
            config.backup_options,
            options,
            config.known_rewrites,
            config.keep_versions_days,
        )
        self.github.check(config.github_owners)
        images = self._images()
        purchase = purchase_options(
            number,
            config.max_attempts,
            allow_on_demand=config.allow_on_demand,
            requested=options.on_demand,
        )
        places = self.ec2.places(config.subnet_ids)
        pools = plan_pools(places, images, self._spot(list(images), purchase, earlier), purchase)
        sha256 = self.bucket.publish_program(self.deployment / "repo_backup.zip")
        bootstrap = (self.deployment / "bootstrap.sh").read_text()
        environment = variables(config, run_id, number, sha256)
        return pools, render(environment, arguments, bootstrap)

    def settings(self, run_id: str, number: int) -> InstanceSettings:
        """The settings that all instances share, and the tags of this attempt's instance."""
        config = self.config
        return InstanceSettings(
            security_group_id=config.security_group_id,
            instance_profile_arn=config.instance_profile_arn,
            key_name=config.key_name,
            max_spot_price=config.max_spot_price,
            volume_size_gib=config.volume_size_gib,
            assign_public_ip=config.assign_public_ip,
            tags=self.stack_tags.with_own(
                {
                    "Name": f"{config.stack_name} {run_id}",
                    TAG_STACK: config.stack_name,
                    TAG_RUN_ID: run_id,
                    TAG_ATTEMPT: str(number),
                }
            ),
        )

    def not_offered(self, pools: Iterable[Pool]) -> list[str]:
        """The configured types without a pool in this plan, because the region lacks them."""
        planned = {pool.instance_type for pool in pools}
        return [kind for kind in self.config.instance_types if kind not in planned]

    def _images(self) -> dict[str, str]:
        """The image for each type that the region offers, in order of preference.

        A type is excluded if there is no image for its architecture.
        """
        architectures = self.ec2.architectures(self.config.instance_types)
        amis: dict[str, str] = {}
        lacking: RefusedError | None = None
        for architecture in sorted(set(architectures.values())):
            try:
                amis[architecture] = self.images.newest(architecture)
            except RefusedError as error:
                lacking = error
        if lacking and not amis:
            raise lacking
        return {kind: amis[each] for kind, each in architectures.items() if each in amis}

    def _spot(self, kinds: Sequence[str], purchase: Purchase, earlier: Iterable[Attempt]) -> Spot:
        """Prices and scores of spot pools; makes no request if the attempt does not use spot."""
        if Market.SPOT not in purchase.markets:
            return Spot()
        scored = [kind for kind in kinds if kind not in LAST_RESORTS] or kinds
        return Spot(
            self.ec2.spot_prices(kinds),
            self.ec2.placement_scores(scored),
            reclaimed_pools(earlier),
        )
