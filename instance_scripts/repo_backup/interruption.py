"""Notice of a spot interruption, from the instance's own metadata (IMDSv2), two minutes ahead.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

import os
import threading

import urllib3
from urllib3.exceptions import HTTPError

from repo_backup.stop import Stop

NOTICE = "spot interruption notice"
POLL_SECONDS = 5.0
_DEFAULT_ENDPOINT = "http://169.254.169.254"
_TOKEN_SECONDS = 21600


def watch(stop: Stop) -> None:
    """Poll in the background until the notice comes; silently end where there is no metadata.

    A machine that is no instance costs nothing but one connection attempt in that thread.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return
    threading.Thread(target=_poll, args=(stop,), daemon=True, name="interruption").start()


def _poll(stop: Stop) -> None:
    endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _DEFAULT_ENDPOINT
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(2.0), retries=False)
    base = endpoint.rstrip("/") + "/latest"
    try:
        token = _token(pool, base)
    except HTTPError:
        return
    while not stop.requested:
        try:
            url = f"{base}/meta-data/spot/instance-action"
            answer = pool.request("GET", url, headers={"X-aws-ec2-metadata-token": token})
            if answer.status == 200:
                stop.request(NOTICE)
                return
            if answer.status == 401:
                token = _token(pool, base)
        except HTTPError:
            pass  # the service is best effort; the next look may find it
        stop.wait(POLL_SECONDS)


def _token(pool: urllib3.PoolManager, base: str) -> str:
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
    answer = pool.request("PUT", f"{base}/api/token", headers=headers)
    if answer.status != 200:
        raise HTTPError(f"no metadata token ({answer.status})")
    return answer.data.decode()
