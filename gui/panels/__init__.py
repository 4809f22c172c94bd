"""One dockable view a file."""
