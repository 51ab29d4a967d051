"""Request the instance: pools, images, user data, the program in the bucket."""
