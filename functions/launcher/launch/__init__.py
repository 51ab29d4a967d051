"""Launches the instance: pools, images, user data, and the program in the bucket."""
