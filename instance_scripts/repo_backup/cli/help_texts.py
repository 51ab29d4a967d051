"""The examples and the environment at the end of each command's help."""

_GITHUB = """\
  GITHUB_TOKEN            a token; without one only public repositories are seen
  GITHUB_TOKEN_PARAMETER  or the name of the SSM parameter that holds it
  GITHUB_APP_ID           or the id of a GitHub App, with its private key
  GITHUB_APP_KEY          the key itself, or
  GITHUB_APP_KEY_PARAMETER
                          the name of the SSM parameter that holds it
"""
_NEW_REPOSITORIES = """\
  GITHUB_TOKEN            with --push-to-owner, and --push-to https://…: a token
                          that may write there
  GITHUB_TOKEN_PARAMETER  or the name of the SSM parameter that holds it
"""
_API = """\
  GITHUB_API_URL          default https://api.github.com;
                          GitHub Enterprise Server: https://HOST/api/v3
"""
_STORE = """\
  ONLINE_BACKUP_DESTINATION
                          default of --destination and --source
"""
_STACK = """\
  ONLINE_BACKUP_STACK     default of --stack
"""
_CERTIFICATES = """\
  SSL_CERT_FILE           certificates of a private certificate authority
"""
_PROXY = """\
  https_proxy, no_proxy   a proxy for GitHub, http://[USER:PASSWORD@]HOST:PORT,
                          and the hosts that are reached without it
"""
_AWS = """\
  AWS_…                   as for every AWS SDK
"""
_AWS_STORE = """\
  AWS_…                   as for every AWS SDK; AWS_ENDPOINT_URL names a store
                          that is compatible with S3
"""
_OF_STORES = _STORE + _AWS_STORE
_OF_COMMANDS = {
    "backup": _GITHUB + _API + _STORE + _CERTIFICATES + _PROXY + _AWS_STORE,
    "estimate": _GITHUB + _API + _CERTIFICATES + _PROXY + _AWS,
    "restore": _NEW_REPOSITORIES + _API + _STORE + _CERTIFICATES + _PROXY + _AWS_STORE,
    "check": _STACK + _AWS,
    "run-now": _STACK + _AWS,
}
"""What the commands read that do more than to read a store."""
_ALL = _GITHUB + _API + _STORE + _STACK + _CERTIFICATES + _PROXY + _AWS_STORE

_EXAMPLES = """\
  repo-backup backup --owner octo --destination ./mirrors
  repo-backup backup --owner octo --owner octo-org --destination s3://bucket
  repo-backup backup --owner octo --destination ./mirrors --no-forks --dry-run
  repo-backup status --source s3://bucket
  repo-backup list --source s3://bucket
  repo-backup list --source s3://bucket --runs
  repo-backup restore octo/hello --source s3://bucket --into .
  repo-backup restore octo/hello --source s3://bucket --into . --at 2026-11-27
  repo-backup restore 'octo/*' --source s3://bucket --into ./restored
  repo-backup restore --all --source s3://bucket --push-to-owner new-org
  repo-backup show octo/hello issues --source s3://bucket
  repo-backup show octo/hello 12 --source s3://bucket --at 2026-11-27
  repo-backup diff 2026-11-20 2026-11-27 --source s3://bucket
  repo-backup verify --source s3://bucket --all
  repo-backup verify octo/hello --source s3://bucket
  repo-backup prune-objects --source s3://bucket
  repo-backup acknowledge 2026-11-27T17-00-00Z --source s3://bucket
  repo-backup estimate --owner octo
  repo-backup report --source s3://bucket --out ./page
  repo-backup evidence --source s3://bucket --csv > evidence.csv
  repo-backup run-now --stack onlinebackup
  repo-backup run-now --stack onlinebackup --only hello --full
  repo-backup check --stack onlinebackup
"""


def environment(command: str | None = None) -> str:
    """The variables that one command reads; of all commands without one."""
    return f"environment:\n{_OF_COMMANDS.get(command, _OF_STORES) if command else _ALL}"


def examples(command: str | None = None) -> str:
    """Examples of one command; of all commands without one."""
    lines = _EXAMPLES.splitlines(keepends=True)
    wanted = [line for line in lines if command in (None, line.split()[1])]
    return f"examples:\n{''.join(wanted)}"
