"""The program, counting what it asks of S3: it ends with ``requests=N`` on stderr."""

import sys
from typing import Any

from botocore.httpsession import URLLib3Session

from repo_backup.cli import main

asked = [0]
_send = URLLib3Session.send


def _counted(self: URLLib3Session, request: Any) -> Any:
    asked[0] += 1
    return _send(self, request)


if __name__ == "__main__":
    URLLib3Session.send = _counted  # type: ignore[method-assign]
    try:
        sys.exit(main())
    finally:
        print(f"requests={asked[0]}", file=sys.stderr)
