"""Notice of a spot interruption, from the instance's own metadata (IMDSv2), two minutes ahead.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

import os
import re
import threading

import urllib3
from urllib3.exceptions import HTTPError

from repo_backup.runtime.cancellation import Stop

NOTICE = "spot interruption notice"
POLL_SECONDS = 5.0
_DEFAULT_ENDPOINT = "http://169.254.169.254"
_TOKEN_SECONDS = 21600
_TOKEN = re.compile(rb"[!-~]{1,4096}")
FIRST_TOKENS = 8
"""So often a first token is asked for, in four minutes: where none came there is no metadata."""
LONGEST_PAUSE_SECONDS = 60.0


def watch(stop: Stop) -> None:
    """Poll in the background until the notice comes; silently end where there is no metadata.

    A machine that is no instance costs nothing but eight connection attempts in that thread. Once
    the metadata has answered, whatever goes wrong with it later is tried again.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return
    threading.Thread(target=_poll, args=(stop,), daemon=True, name="interruption").start()


def _poll(stop: Stop) -> None:
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
            # The service is best effort; the next look may find it.
            if not known:
                if tokens == FIRST_TOKENS:
                    return
                pause = min(POLL_SECONDS * 2 ** (tokens - 1), LONGEST_PAUSE_SECONDS)
        stop.wait(pause)


def _token(pool: urllib3.PoolManager, base: str) -> str:
    """A session's token. Raises HTTPError, also for what another server says at this address."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
    answer = pool.request("PUT", f"{base}/api/token", headers=headers)
    if answer.status != 200 or not _TOKEN.fullmatch(answer.data):
        raise HTTPError(f"no metadata token ({answer.status})")
    return answer.data.decode()
