"""The launcher: launches one instance for each scheduled or manual run."""
