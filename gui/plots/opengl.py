"""Whether this computer and its display can draw with OpenGL; found out once."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext

_OLDEST = (2, 1)
MISSING = (
    "The 3-D view needs OpenGL 2.1, which this display does not offer. The map shows the same from "
    "above."
)


@cache
def has_opengl() -> bool:
    """Whether a context can be made and used. Call it on the UI thread."""
    context = QOpenGLContext()
    if not context.create():
        return False
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not (surface.isValid() and context.makeCurrent(surface)):
        return False
    version = context.format().version()
    context.doneCurrent()
    return tuple(version) >= _OLDEST
