"""The REST API of the data: a table of routes, who may ask them, and pages of what they answer."""
