"""How the page fares with large accounts and long histories: made-up runs, and what they cost."""
