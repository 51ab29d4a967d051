"""The objects of GitHub's REST API, made of the model: one pure function per kind of object."""
