"""The parts of a connection's handler below the routes: HTTP, credentials, and git."""
