"""A stand-in for AWS's Lambda base image, for machines that reach no container registry."""
