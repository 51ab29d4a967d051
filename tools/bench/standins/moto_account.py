"""moto's server with the one action of the launcher that moto lacks.

``python -m tools.bench.standins.moto_account PORT`` serves on 127.0.0.1 until it is killed.
"""

import sys

import moto.server
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response


def get_spot_placement_scores(asked: EC2Response) -> ActionResult:
    """The same score for every zone of the region:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetSpotPlacementScores.html
    """
    zones = asked.ec2_backend.describe_availability_zones()
    scores = [
        {"Region": asked.region, "AvailabilityZoneId": zone.zone_id, "Score": 7} for zone in zones
    ]
    return ActionResult({"SpotPlacementScores": scores})


def main(port: str) -> None:
    """Serve on this port."""
    setattr(EC2Response, get_spot_placement_scores.__name__, get_spot_placement_scores)
    moto.server.main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main(sys.argv[1])
