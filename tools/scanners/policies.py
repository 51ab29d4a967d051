"""cloudsplaining's judgement of every role's policy: the folder's JSON documents, one per role.

Run by the scanners' own Python. Its command line ends with 0 whatever it finds.
"""

import json
import sys
from pathlib import Path

from cloudsplaining.command.scan_policy_file import scan_policy


def main(folder: str) -> int:
    """Print what is found; 1 if anything is, 2 if there is nothing to judge."""
    documents = sorted(Path(folder).glob("*.json"))
    found = [
        f"{path.stem}: {kind}: {result['findings']}"
        for path in documents
        for kind, result in scan_policy(json.loads(path.read_text())).items()
        if isinstance(result, dict) and result["findings"]
    ]
    print("\n".join(found) or f"cloudsplaining: {len(documents)} roles, nothing found")
    return 1 if found else 0 if documents else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
