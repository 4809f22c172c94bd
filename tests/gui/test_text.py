"""Lines of text: one without room is cut, and its tooltip says all of it."""

from gui.widgets.text import ElidedLabel


def test_that_a_line_is_cut_within_its_margins_and_told_in_full(qtbot):
    line = ElidedLabel("90 % intervals held 32 of 40: too sure of itself")
    line.setContentsMargins(8, 0, 8, 0)
    qtbot.addWidget(line)
    width = line.fontMetrics().horizontalAdvance(line.text())
    line.resize(width + 16, 20)
    line.show()
    assert line.toolTip() == ""
    line.resize(width + 8, 20)
    assert line.toolTip() == line.text()
