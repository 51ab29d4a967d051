"""HTTP with limits: proxies, stalls, rate limits, credentials."""
