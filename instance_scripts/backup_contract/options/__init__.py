"""The options of ``repo-backup backup`` that ``BackupOptions`` may contain.

The program and the launcher both contain this package, so that the launcher refuses an invalid
option before it launches an instance. ``repo_backup.cli.parser`` has the other options.
"""
