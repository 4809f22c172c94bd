"""What a trial runs: the built-in networks and their data."""
