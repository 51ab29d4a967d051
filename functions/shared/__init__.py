"""Code that the launcher and the reporter share: settings, errors, logging, AWS, the run."""
