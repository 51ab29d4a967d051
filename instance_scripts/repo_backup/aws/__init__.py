"""AWS but for S3: the session, the parameter store, the notice of a spot interruption."""
