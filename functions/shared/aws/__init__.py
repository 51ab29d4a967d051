"""The AWS services that both functions use."""
