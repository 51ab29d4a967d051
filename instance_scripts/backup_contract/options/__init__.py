"""The options by which a person shapes a backup: what ``repo-backup backup`` understands.

Both the program and the launcher carry this package, so that an option which the program would
refuse on the instance is refused before there is an instance. What it can be told besides is
where, for whom and under which name to work: that is ``repo_backup.cli.parser``'s.
"""
