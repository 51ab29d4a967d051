"""AWS other than S3: the session, Parameter Store, spot interruption notices."""
