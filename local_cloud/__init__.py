"""The embedded cloud: an AWS emulator whose instances really run their user data.

Nothing in here ships. Product code does not know that it exists: it is steered by the same
configuration (``AWS_ENDPOINT_URL``, ``GITHUB_API_URL``) that points it anywhere else.
"""
