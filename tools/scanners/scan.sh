#!/usr/bin/env bash
# Every scanner, each to its end; the status says whether all agree. `make scan` runs it.
set -Eeuo pipefail

readonly TOOLS=.cache/scanners CHECKOV=.cache/checkov
readonly LOCKS=(functions/requirements.txt instance_scripts/requirements.txt requirements-dev.txt tools/scanners/requirements.txt tools/scanners/checkov.txt)

failed=()
scan() { # scan NAME COMMAND...
  local name=$1
  shift
  printf '── %s\n' "$name"
  "$@" || failed+=("$name")
}

# Where the vulnerability service cannot be reached the audit says so, and is no failure.
audit() {
  local lock status=0
  for lock in "${LOCKS[@]}"; do
    { timeout 120 "$TOOLS/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off \
      --format json --requirement "$lock" 2>/dev/null || true; } |
      "$TOOLS/bin/python" tools/scanners/audit.py "$lock" || status=1
  done
  return "$status"
}

policies() {
  local folder=.cache/policies
  PYTHONPATH=functions:instance_scripts:. .venv/bin/python -m tools.iam.written_policies "$folder"
  "$TOOLS/bin/python" tools/scanners/policies.py "$folder"
}

# For every commercial region and GovCloud, eight at a time: with all at once cfn-lint takes minutes.
regions() {
  .venv/bin/python -c 'import cfnlint, pathlib
for path in sorted(pathlib.Path(cfnlint.__file__).parent.glob("data/schemas/providers/*-*.json")):
    if "-iso" not in path.name: print(path.stem)' |
    xargs -n 8 .venv/bin/cfn-lint template.yaml --regions
}

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  scan "cfn-lint in every region" regions
  scan checkov env LOG_LEVEL=ERROR "$CHECKOV/bin/checkov" --file template.yaml --framework cloudformation --compact --quiet --skip-download
  scan cloudsplaining policies
  scan bandit "$TOOLS/bin/bandit" --quiet --configfile pyproject.toml --recursive functions instance_scripts
  scan zizmor "$TOOLS/bin/zizmor" --offline --quiet --persona=auditor .github
  scan pip-audit audit
  if ((${#failed[@]})); then
    printf 'scan: %s found something\n' "${failed[*]}" >&2
    return 1
  fi
  printf 'scan: all agree\n'
}

main "$@"
