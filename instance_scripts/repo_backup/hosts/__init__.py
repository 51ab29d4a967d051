"""The hosts from which repositories are backed up."""
