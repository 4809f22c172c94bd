"""Colours that can be read, and states that are told without them."""

import pytest
from PySide6.QtGui import QColor

from engine.events import StudyState
from engine.trial import TrialState
from gui import theme

SCHEMES = pytest.mark.parametrize("roles", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
BACKGROUNDS = ("window", "surface", "sunken", "select")
TEXTS = ("text", "muted", "accent", "good", "warn", "bad", "held")


def luminance(colour: QColor) -> float:
    """Relative luminance by WCAG 2.1."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(c) for c in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@SCHEMES
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_that_every_text_can_be_read_on_every_background(roles, text, background):
    assert contrast(getattr(roles, text), getattr(roles, background)) >= 4.5


@SCHEMES
def test_that_the_primary_button_can_be_read(roles):
    assert contrast(roles.on_accent, roles.accent) >= 4.5


@pytest.mark.parametrize("states", [TrialState, StudyState])
def test_that_no_two_states_share_a_word(states):
    mark = theme.state_mark if states is TrialState else theme.study_mark
    words = [mark(state).word for state in states]
    assert len(set(words)) == len(states)


def test_that_no_two_trial_states_share_a_shape():
    glyphs = {theme.state_mark(state).glyph for state in TrialState}
    assert len(glyphs) == len(TrialState)
    assert theme.BEST not in glyphs


def test_that_a_chosen_scheme_is_put_on_and_announced(qapp, qtbot):
    with qtbot.waitSignal(theme.notifier.themeChanged):
        theme.apply(qapp, "dark")
    assert theme.theme() is theme.DARK
    assert qapp.palette().window().color() == theme.DARK.window
    theme.apply(qapp, "light")
    assert theme.theme() is theme.LIGHT


def test_that_digits_are_of_one_width_and_sizes_relative_to_the_system_font(qapp):
    body = qapp.font().pointSizeF()
    assert theme.font("figure").pointSizeF() == pytest.approx(1.75 * body)
    assert theme.font("caption").pointSizeF() == pytest.approx(0.85 * body)


def test_that_an_icon_takes_the_colour_of_the_scheme(qapp):
    def darkest() -> int:
        image = theme.icon("pause").pixmap(36, 36).toImage()
        pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(36))
        return next(p.lightness() for p in pixels if p.alpha() == 255)

    theme.apply(qapp, "light")
    on_light = darkest()
    theme.apply(qapp, "dark")
    assert on_light < darkest()
    theme.apply(qapp, "light")
