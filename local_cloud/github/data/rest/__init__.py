"""The REST API of the data: routes, the permissions that they need, and pages."""
