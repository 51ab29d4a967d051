#!/usr/bin/env bash
# Creates .venv from the hash-locked requirements-dev.txt, with any Python >= 3.11 that is on PATH.
# `make setup` runs it; nothing outside the folder is touched but pip's and uv's usual caches.
set -Eeuo pipefail

readonly LOCK=requirements-dev.txt
readonly VENV=.venv

say() { printf 'setup: %s\n' "$*" >&2; }

# Prints the newest usable interpreter's path. A name on PATH may be a shim without a Python behind it, so each is tried.
find_python() {
  local name path
  for name in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
    path=$("$name" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) || continue
    if [[ -n $path ]]; then
      printf '%s\n' "$path"
      return
    fi
  done
  say "no Python 3.11 or newer on PATH. Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3"
  return 1
}

# Prints the lock's entry for uv alone, with its hashes.
uv_requirement() { awk '/^[^ #]/ { wanted = /^uv==/ } wanted' "$LOCK"; }

create_venv() {
  local python=$1
  rm -rf "$VENV"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$VENV"
    uv_requirement >"$VENV/uv.txt"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$VENV/uv.txt"
  elif "$python" -m pip --version >/dev/null 2>&1; then
    # Debian splits ensurepip off; a pip of the system's can still fill an environment that has none.
    "$python" -m venv --without-pip "$VENV"
    uv_requirement >"$VENV/uv.txt"
    "$python" -m pip --python "$VENV/bin/python" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$VENV/uv.txt"
  else
    say "$python has neither ensurepip nor pip. Debian, Ubuntu: apt-get install python3-venv"
    return 1
  fi
}

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  local python
  if ! "$VENV/bin/python" -c '' 2>/dev/null || [[ ! -x $VENV/bin/uv ]]; then
    python=$(find_python)
    say "creating $VENV with $("$python" --version)"
    create_venv "$python"
  fi
  say "installing $(grep -c '==' "$LOCK") locked packages"
  "$VENV/bin/uv" pip sync --quiet --require-hashes --python "$VENV/bin/python" "$LOCK"
  touch "$VENV/.ready"
  say "ready"
}

main "$@"
