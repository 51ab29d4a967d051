"""The outside dead-man's switch: told after every verified whole run; its silence alarms."""

from dataclasses import dataclass

import urllib3
from aws_lambda_powertools import Logger


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Calls an address of a monitoring service; an empty ``url`` means that there is none."""

    http: urllib3.PoolManager
    url: str
    log: Logger

    def beat(self) -> None:
        """One GET. Its failure is logged and nothing more: the run it tells of is verified."""
        if not self.url:
            return
        try:
            answer = self.http.request("GET", self.url, timeout=5.0, retries=2)
        except urllib3.exceptions.HTTPError as error:
            self.log.warning("no heartbeat", extra={"problem": type(error).__name__})
            return
        self.log.info("heartbeat", extra={"status": answer.status})
