"""A Design page of its own, without a program around it, and the study that it edits."""

from PySide6.QtGui import QUndoStack

from engine.spec import StudySpec
from gui.models.draft import Draft
from gui.models.timings import Timings
from gui.pages.design.page import DesignPage
from gui.settings import Settings
from tests.gui.windows import EXAMPLES


def example_draft():
    """A draft of the grid over digits."""
    return Draft(StudySpec.load(EXAMPLES / "digits-grid.toml"), QUndoStack())


def design_page(qtbot, draft, folder):
    """A page on `draft`, whose study and settings are in `folder`."""
    page = DesignPage(draft, Timings(Settings(folder / "window.ini")), folder)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    return page
