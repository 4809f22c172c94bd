"""What is remembered from one start to the next."""

from PySide6.QtCore import QByteArray

from gui.settings import Settings


def test_that_settings_are_there_again_at_the_next_start(qtbot, tmp_path):
    path = tmp_path / "sub" / "window.ini"
    settings = Settings(path)
    settings.set("a/list", [1, 2.5, "x", None])
    settings.set_bytes("a/bytes", QByteArray(b"\x00\xff"))
    settings.flush()
    again = Settings(path)
    assert again.get("a/list") == [1, 2.5, "x", None]
    assert again.get_bytes("a/bytes") == QByteArray(b"\x00\xff")
    assert again.get("missing", 7) == 7


def test_that_they_are_written_by_themselves_a_moment_later(qtbot, tmp_path):
    settings = Settings(tmp_path / "window.ini")
    settings.set("x", 1)
    settings.set("x", 2)
    assert not settings.path.exists()
    qtbot.waitUntil(lambda: Settings(settings.path).get("x") == 2)


def test_that_a_spoilt_file_costs_the_settings_and_not_the_start(qtbot, tmp_path):
    path = tmp_path / "window.ini"
    path.write_bytes(b"[window]\ngeometry=\x00\xfe{{{\nscheme=dark\n")
    settings = Settings(path)
    assert settings.get("window/scheme", "system") == "system"
    assert settings.get_bytes("window/geometry") is None


def test_that_a_folder_that_cannot_be_written_is_said_in_a_sentence(qtbot, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    settings = Settings(blocked / "window.ini")
    settings.set("x", 1)
    settings.flush()
    assert settings.problem.startswith("The settings could not be saved in")
