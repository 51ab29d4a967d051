"""``make bench PART=chains``: the reporter's check of chains of overlays, at the largest scale.

Writes ``results/chains.md``. Manifest, check, botocore and its parsers are the real ones; behind
botocore, in the same process, stands an S3 that makes up its answers. The processor time that it
takes for them is measured and left out, and each answer can be made to take as long as S3's.
"""

import argparse
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.config import Config

from backup_contract.documents.manifest import Manifest
from reporter.judge.archive_state import accepted_of
from reporter.observe import archive_check
from reporter.observe.bucket import CONCURRENT_CHECKS, Bucket
from tools.bench.chains.made_up_bucket import MadeUpBucket
from tools.bench.environments import describe_machine

RESULTS = Path(__file__).parents[1] / "results" / "chains.md"
FULL_PROCESSOR_MB = 1769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="make bench PART=chains", description=__doc__)
    parser.add_argument("--repositories", type=int, default=15_000)
    parser.add_argument("--links", type=int, default=60)
    parser.add_argument("--latency", type=float, default=0.03, help="seconds that S3 takes")
    parser.add_argument("--memory", type=int, default=3008, help="MB that the function has")
    options = parser.parse_args()
    made_up = MadeUpBucket(options.repositories, options.links, options.latency)
    document = made_up.manifest()
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(max_pool_connections=CONCURRENT_CHECKS),
    )
    client.meta.events.register("before-send.s3", cast(Any, made_up.answer))
    began, cpu = time.monotonic(), time.process_time()
    previous = Manifest.from_json(document)
    manifest = Manifest.from_json(document)
    read_seconds = time.process_time() - cpu
    # However busy this machine is: what counts is processor time.
    archive_check.CHECK_TIME = timedelta(hours=2)
    found = archive_check.check(Bucket(client, "backups"), manifest.archived, accepted_of(previous))
    wall = time.monotonic() - began
    seconds = time.process_time() - cpu - made_up.seconds
    if found.problems or found.chain_problems or found.notices:
        print(found.problems[:3], found.chain_problems[:3], found.notices[:3])
        return 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    text = (
        f"# Chains of overlays, checked\n\n{describe_machine()}. Made by "
        f"`make bench PART=chains`; do not edit.\n\n{(__doc__ or '').partition(chr(10) * 2)[2]}\n"
        "| chains | overlays each | manifest MB | requests | wall s | CPU s | of it two manifests "
        f"| at {options.memory} MB, s | peak MB |\n|---|---|---|---|---|---|---|---|---|\n"
        f"| {found.chains} | {options.links} | {len(document) / 1e6:.0f} "
        f"| {', '.join(f'{count} {name}' for name, count in sorted(made_up.requests.items()))} "
        f"| {wall:.0f} | {seconds:.0f} | {read_seconds:.0f} "
        f"| {seconds * max(1, FULL_PROCESSOR_MB / options.memory):.0f} | {peak:.0f} |\n\n"
        f"Each answer takes {options.latency * 1000:.0f} ms; {CONCURRENT_CHECKS} are waited for "
        "at a time. *At … MB* is the processor time at the share of a processor that a function "
        "of that size has. The peak holds what makes up the answers, too.\n"
    )
    RESULTS.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
