"""What the plots of all panels share: axes, marks, the way they are pointed at and themed."""
