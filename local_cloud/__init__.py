"""The embedded cloud: an AWS emulator whose instances really run their user data.

It is not part of the product, and the product has no code for it: only configuration
(``AWS_ENDPOINT_URL``, ``GITHUB_API_URL``) directs the product here.
"""
