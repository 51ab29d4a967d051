"""The launcher: turns a schedule's tick or a person's click into one instance that backs up."""
