"""Small widgets that pages and panels share; none knows a study."""
