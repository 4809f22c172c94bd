"""A Run page of its own, without a program around it, and the study that it shows."""

from contextlib import contextmanager

from gui.jobs import finish_jobs
from gui.models.study_model import StudyModel
from gui.pages.run import RunPage
from tests.gui.made_up import snapshot


@contextmanager
def run_page(qtbot):
    """A page of the size that a small window leaves it."""
    page = RunPage()
    qtbot.addWidget(page)
    page.resize(1210, 715)
    page.show()
    qtbot.waitExposed(page)
    try:
        yield page
    finally:
        finish_jobs(5000)


def show(qtbot, page, *args, **changes):
    """The model of a made-up study, which the page shows from now on."""
    model = StudyModel(snapshot(*args, **changes))
    page.set_study(model)
    settled(qtbot, page)
    return model


def settled(qtbot, page):
    """Wait until what is seen of the page is drawn."""
    seen = [panel for panel in page.panels if panel._on_top and panel.isVisible()]
    qtbot.waitUntil(lambda: not any(panel._dirty for panel in seen))
