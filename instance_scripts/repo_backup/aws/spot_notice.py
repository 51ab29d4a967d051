"""Spot interruption notices from the instance metadata (IMDSv2), two minutes ahead.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

import os
import re
import threading

import urllib3
from urllib3.exceptions import HTTPError

from repo_backup.runtime.cancellation import CancellationToken

NOTICE = "spot interruption notice"
POLL_SECONDS = 5.0
_DEFAULT_ENDPOINT = "http://169.254.169.254"
_TOKEN_SECONDS = 21600
_TOKEN = re.compile(rb"[!-~]{1,4096}")
FIRST_TOKENS = 8
"""How many requests for a first token are made, within four minutes. If all fail, this machine has
no metadata service."""
LONGEST_PAUSE_SECONDS = 60.0


def watch(stop: CancellationToken) -> None:
    """Request a stop once the notice comes; polls in a background thread.

    Polling ends silently after eight failed attempts on a machine that is not an EC2 instance. Once
    the metadata service has answered, later failures are retried.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return
    threading.Thread(target=_poll, args=(stop,), daemon=True, name="interruption").start()


def _poll(stop: CancellationToken) -> None:
    endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _DEFAULT_ENDPOINT
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(2.0), retries=False)
    base = endpoint.rstrip("/") + "/latest"
    token: str | None = None
    known, tokens = False, 0
    while not stop.requested:
        pause = POLL_SECONDS
        try:
            if token is None:
                tokens += 1
                token, known = _token(pool, base), True
            url = f"{base}/meta-data/spot/instance-action"
            answer = pool.request("GET", url, headers={"X-aws-ec2-metadata-token": token})
            if answer.status == 200:
                stop.request(NOTICE)
                return
            if answer.status == 401:
                token = None
        except HTTPError:
            # The service is best effort; the next poll may succeed.
            if not known:
                if tokens == FIRST_TOKENS:
                    return
                pause = min(POLL_SECONDS * 2 ** (tokens - 1), LONGEST_PAUSE_SECONDS)
        stop.wait(pause)


def _token(pool: urllib3.PoolManager, base: str) -> str:
    """A session token. Raises HTTPError, also if another server answers at this address."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
    answer = pool.request("PUT", f"{base}/api/token", headers=headers)
    if answer.status != 200 or not _TOKEN.fullmatch(answer.data):
        raise HTTPError(f"no metadata token ({answer.status})")
    return answer.data.decode()
