"""Pure functions over finished trials."""
