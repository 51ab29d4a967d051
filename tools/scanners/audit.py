"""pip-audit's judgement of one lock file, told apart from its silence.

It calls a package "not found" where the vulnerability service has no answer, and ends with 0.
Usage: ``audit.py LOCK < pip-audit's JSON``.
"""

import json
import sys


def main(lock: str) -> int:
    """Print the vulnerabilities; 1 if there are any. What could not be checked is only said."""
    text = sys.stdin.read()
    packages = json.loads(text)["dependencies"] if text.strip() else []
    unchecked = [each["name"] for each in packages if "skip_reason" in each]
    found = [
        f"{lock}: {each['name']} {each['version']}: {flaw['id']}, mended in {flaw['fix_versions']}"
        for each in packages
        for flaw in each.get("vulns", [])
    ]
    if unchecked or not packages:
        print(
            f"pip-audit: {lock}: NOT CHECKED, {len(unchecked) or 'all'} of"
            f" {len(packages) or 'its'} packages: no answer from the vulnerability service"
        )
    else:
        print(f"pip-audit: {lock}: {len(packages)} packages checked")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
