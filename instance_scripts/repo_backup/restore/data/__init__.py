"""Project data in the backup: read where it is stored, and compared between two runs."""
