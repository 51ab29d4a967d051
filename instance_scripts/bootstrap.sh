#!/bin/bash
# The body of an instance's user data: fetch the backup program, check it, run it, power off.
# The launcher puts the variables in front (functions/launcher/launch/user_data.py); runs as root, once.
set -Eeuo pipefail

WORK=/nonexistent # until main has made it; the trap must never meet an unset variable
EVIDENCE=         # below which this instance alone may write how its attempt goes

retry() { # retry COMMAND...: five tries, waiting 2, 4, 6 and 8 seconds in between
  local try
  for try in 1 2 3 4; do
    if "$@"; then return 0; fi
    say "try ${try} of 5 failed: $1" >&2
    sleep $((2 * try))
  done
  "$@"
}

say() { stamp <<<"bootstrap: $*"; }

stamp() { # UTC time, level and run id before each line that has none: dnf's, a traceback's, what says bootstrap
  local line level
  while IFS= read -r line || [[ -n "$line" ]]; do
    case "$line" in
      [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z\ [A-Z]*\ run=*) level= ;;
      repo-backup:* | "bootstrap: refused:"* | Traceback*) level=ERROR ;;
      "bootstrap: try "*) level=WARNING ;;
      *) level=INFO ;;
    esac
    if [[ -n "$level" ]]; then
      TZ=UTC printf -v line '%(%Y-%m-%dT%H:%M:%SZ)T %s run=%s %s' -1 "$level" "$ONLINE_BACKUP_RUN_ID" "$line"
    fi
    printf '%s\n' "$line"
  done
}

metadata() { # metadata PATH: of this instance, by IMDSv2
  local service="${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest" token
  token="$(curl --fail --silent --show-error --max-time 5 --request PUT \
    --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "${service}/api/token")"
  curl --fail --silent --show-error --max-time 5 --header "X-aws-ec2-metadata-token: ${token}" "${service}/$1"
}

power_off() {
  local status=$?
  trap - EXIT
  say "ending with status ${status}"
  if [[ -z "$EVIDENCE" ]] || ! retry aws s3 cp --only-show-errors "${WORK}/backup.log" \
    "s3://${ONLINE_BACKUP_BUCKET}/${EVIDENCE}backup.log"; then
    say "the log could not be saved"
  fi
  shutdown -P now
}

find_evidence() { # the prefix that IAM knows as attempts/${aws:userid}/
  local instance
  instance="$(retry metadata meta-data/instance-id)"
  EVIDENCE="runs/${ONLINE_BACKUP_RUN_ID}/attempts/${ONLINE_BACKUP_ROLE_ID}:${instance}/"
}

fetch_program() {
  local program="${WORK}/repo_backup.zip"
  retry aws s3 cp --only-show-errors "s3://${ONLINE_BACKUP_BUCKET}/${ONLINE_BACKUP_PROGRAM_KEY}" "$program"
  if ! sha256sum --check --status <<<"${ONLINE_BACKUP_PROGRAM_SHA256}  ${program}"; then
    say "refused: ${ONLINE_BACKUP_PROGRAM_KEY} is not the program that was deployed (SHA-256 differs)" >&2
    return 1
  fi
  python3.13 -m zipfile -e "$program" "${WORK}/program"
}

backup() {
  local packages=(git-core python3.13)
  command -v aws >/dev/null || packages+=(awscli-2)
  say "run ${ONLINE_BACKUP_RUN_ID}, attempt ${ONLINE_BACKUP_ATTEMPT}"
  retry dnf install --assumeyes --quiet "${packages[@]}"
  fetch_program
  # Many threads read project data. glibc keeps freed memory for each of them: of 229 MB for eight
  # heavy repositories side by side 41 MB, which two arenas for all threads spare.
  # Five minutes before the machine goes, the program is told to write down how far it came.
  MALLOC_ARENA_MAX=2 PYTHONPATH="${WORK}/program" timeout --signal=TERM "$((ONLINE_BACKUP_DEADLINE_MINUTES - 5))m" \
    python3.13 -m repo_backup backup --destination "s3://${ONLINE_BACKUP_BUCKET}" \
    --run-id "$ONLINE_BACKUP_RUN_ID" --attempt "$ONLINE_BACKUP_ATTEMPT" --evidence "$EVIDENCE" \
    "${ONLINE_BACKUP_ARGUMENTS[@]}"
}

main() {
  trap power_off EXIT
  shutdown -P "+${ONLINE_BACKUP_DEADLINE_MINUTES}"
  export LC_ALL=C.UTF-8 TMPDIR="${TMPDIR:-/var/tmp}" PYTHONUNBUFFERED=1
  WORK="$(mktemp -d "${TMPDIR}/online-backup.XXXXXX")"
  find_evidence
  backup 2>&1 | stamp | tee -a "${WORK}/backup.log"
}

main "$@"
