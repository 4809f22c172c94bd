"""The Design page and its cards."""
