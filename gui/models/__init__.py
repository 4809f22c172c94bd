"""Qt models and plot arrays over the engine's records; no widgets."""
