"""Can the backups be relied on, and what do they cost? Gathers facts for status and estimate."""
