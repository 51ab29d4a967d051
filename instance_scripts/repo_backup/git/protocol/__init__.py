"""git's smart HTTP protocol: advertisements, fetch requests, and the server's messages."""
