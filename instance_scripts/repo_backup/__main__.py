"""``python -m repo_backup``."""

import sys

from repo_backup.cli import main

sys.exit(main())
