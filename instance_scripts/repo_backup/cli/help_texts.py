"""What the help of each command ends with."""

ENVIRONMENT = """\
environment:
  GITHUB_TOKEN            a token; without one only public repositories are seen
  GITHUB_TOKEN_PARAMETER  or the SSM parameter that holds it
  GITHUB_APP_ID           a GitHub App instead, with its key in GITHUB_APP_KEY, or in the SSM
                          parameter that GITHUB_APP_KEY_PARAMETER names
  GITHUB_API_URL          default https://api.github.com; GitHub Enterprise: https://HOST/api/v3
  ONLINE_BACKUP_DESTINATION, ONLINE_BACKUP_STACK
                          what --destination, --source and --stack are when they are not given
  SSL_CERT_FILE           a private certificate authority
  https_proxy, no_proxy   a proxy for GitHub, http://[USER:PASSWORD@]HOST:PORT, and its exceptions
  AWS_…                   as for every AWS SDK; AWS_ENDPOINT_URL for S3-compatible stores
"""
EXAMPLES = """\
examples:
  repo_backup backup --owner octo --destination ./mirrors
  repo_backup backup --owner octo --owner octo-org --destination s3://my-bucket
  repo_backup backup --owner octo --destination ./mirrors --no-forks --exclude 'test-*' --dry-run
  repo_backup status --source s3://my-bucket
  repo_backup list --source s3://my-bucket
  repo_backup restore octo/hello --source s3://my-bucket --into .
  repo_backup restore octo/hello --source s3://my-bucket --into . --at 2026-11-27
  repo_backup show octo/hello issues --source s3://my-bucket
  repo_backup show octo/hello 12 --source s3://my-bucket --at 2026-11-27
  repo_backup diff 2026-11-20 2026-11-27 --source s3://my-bucket
  repo_backup verify --source s3://my-bucket --all
  repo_backup acknowledge 2026-11-27T17-00-00Z --source s3://my-bucket
  repo_backup estimate --owner octo
  repo_backup report --source s3://my-bucket --out ./page
  repo_backup evidence --source s3://my-bucket --csv > evidence.csv
  repo_backup check --stack onlinebackup
  repo_backup run-now --stack onlinebackup
"""
