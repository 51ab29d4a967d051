"""One run of the backup: list, compare, fetch, record, and leave a manifest."""
