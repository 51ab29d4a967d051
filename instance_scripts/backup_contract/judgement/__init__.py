"""Rules that judge backups, pure, for whoever gathers the facts: program, page and reporter."""
