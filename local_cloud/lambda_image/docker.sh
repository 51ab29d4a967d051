#!/usr/bin/env bash
# Makes docker usable: installs docker.io with apt-get and starts dockerd where that is missing and
# we are root. `docker.sh stop` ends a daemon that this script started, and no other.
set -Eeuo pipefail

readonly STATE="${XDG_RUNTIME_DIR:-/run}/online-backup-dockerd"
readonly WAIT_SECONDS=60

say() { printf 'docker: %s\n' "$*" >&2; }

install_docker() {
  say "installing docker.io with apt-get"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io >/dev/null
}

start_daemon() {
  say "starting dockerd"
  mkdir -p "$STATE"
  setsid dockerd >"$STATE/log" 2>&1 </dev/null &
  printf '%s\n' "$!" >"$STATE/pid"
  local second
  for ((second = 0; second < WAIT_SECONDS; second++)); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$(<"$STATE/pid")" 2>/dev/null || break
    sleep 1
  done
  say "dockerd did not come up; the end of its log:"
  tail -n 20 "$STATE/log" >&2
  return 1
}

start() {
  docker info >/dev/null 2>&1 && return
  if ((EUID != 0)); then
    say "no docker daemon answers, and only root may start one"
    return 1
  fi
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    install_docker
  fi
  start_daemon
}

stop() {
  [[ -f $STATE/pid ]] || return 0
  local pid
  pid=$(<"$STATE/pid")
  if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
    kill "$pid"
    tail --pid="$pid" -f /dev/null
  fi
  rm -rf "$STATE"
}

case ${1:-} in
  start | stop) "$1" ;;
  *)
    say "usage: docker.sh start|stop"
    exit 2
    ;;
esac
