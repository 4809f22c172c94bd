"""Qt's own palette in the colours of a scheme, for whatever the style sheet leaves to the style."""

from __future__ import annotations

from PySide6.QtGui import QPalette

from gui.theme import Theme, faded


def palette(roles: Theme) -> QPalette:
    """Qt's own palette in the colours of `roles`."""
    role = QPalette.ColorRole
    colours = {
        role.Window: roles.window,
        role.WindowText: roles.text,
        role.Base: roles.surface,
        role.AlternateBase: roles.sunken,
        role.Text: roles.text,
        role.PlaceholderText: roles.muted,
        role.Button: roles.surface,
        role.ButtonText: roles.text,
        role.BrightText: roles.bad,
        role.Highlight: roles.select,
        role.HighlightedText: roles.text,
        role.Accent: roles.accent,
        role.Link: roles.accent,
        role.LinkVisited: roles.accent,
        role.ToolTipBase: roles.surface,
        role.ToolTipText: roles.text,
        role.Light: roles.surface,
        role.Midlight: roles.sunken,
        role.Mid: roles.border,
        role.Dark: roles.border,
        role.Shadow: roles.border,
    }
    result = QPalette()
    for name, colour in colours.items():
        result.setColor(name, colour)
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        result.setColor(QPalette.ColorGroup.Disabled, name, faded(roles.muted, roles.window))
    return result
