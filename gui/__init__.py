"""The window of Tunescape."""
