"""Everything of Tunescape that works without a screen."""
