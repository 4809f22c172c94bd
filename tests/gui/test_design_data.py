"""The data of a study on the Design page: its preview, its target, and how it is split."""

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.gui.design_pages import design_page, example_draft

CSV = "a;b;klasse\n" + "".join(f"{n},5;{n % 7},25;{'xyz'[n % 3]}\n" for n in range(60))


@pytest.fixture
def draft(qapp):
    return example_draft()


@pytest.fixture
def page(qtbot, draft, tmp_path):
    return design_page(qtbot, draft, tmp_path)


def test_that_the_data_is_shown(qtbot, page):
    qtbot.waitUntil(lambda: "1 797 images of 8 × 8, 10 classes" in page.preview_card.text)


def test_that_a_file_of_ones_own_is_previewed_and_asked_for_its_target(
    qtbot, page, draft, tmp_path
):
    path = tmp_path / "own.csv"
    path.write_text(CSV)
    page.task.builtin.choose_data(str(path))
    qtbot.waitUntil(lambda: "60 rows of 3 columns" in page.preview_card.text)
    assert "Semicolons and decimal commas recognised." in page.preview_card.text
    assert "a: number, 0.5 to 59.5" in page.preview_card.text
    assert "klasse: 3 levels (x, y, z)" in page.preview_card.text
    assert "choose the column to predict" in page.footer.plan
    assert not page.footer.run.isEnabled()
    page.task.builtin._target.edited.emit("a")
    qtbot.waitUntil(lambda: draft.document.task["objective"] == "val_mse")
    assert draft.document.task["direction"] == "minimize"
    qtbot.waitUntil(page.footer.run.isEnabled)


def test_that_a_test_file_takes_the_place_of_a_share(qtbot, page, draft, tmp_path):
    for name in ("rows.csv", "later.csv"):
        (tmp_path / name).write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "rows.csv"))
    page.task.builtin._target.edited.emit("klasse")
    qtbot.keyClicks(page.task.builtin._test_file, str(tmp_path / "later.csv"))
    assert draft.document.task["split"]["file"] == str(tmp_path / "later.csv")
    assert not page.task.builtin._shares["test"].isEnabled()
    qtbot.waitUntil(page.footer.run.isEnabled)
    assert draft.verdict.spec.task.split.file == str(tmp_path / "later.csv")
    page.task.builtin._test_file.clear()
    page.task.builtin._test_file.textEdited.emit("")
    assert "file" not in draft.document.task["split"]


def save_images(folder):
    """Nine small images of each of four classes."""
    for name in "abcd":
        (folder / name).mkdir(parents=True)
        for n in range(9):
            QImage(8, 8, QImage.Format.Format_Grayscale8).save(str(folder / name / f"{n}.png"))
    return str(folder)


def ways_to_split(page):
    return [value for _, value in page.task.builtin._way.choices()]


def test_that_images_have_no_target_to_choose(qtbot, page, tmp_path):
    assert not page.task.builtin._target.isVisible()
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    qtbot.waitUntil(lambda: "36 images" in page.preview_card.text)
    assert not page.task.builtin._target.isVisible()
    assert page.task.builtin._test_file.isVisible()


def test_that_only_tables_can_be_split_by_a_column(qtbot, page, tmp_path):
    (tmp_path / "own.csv").write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    qtbot.waitUntil(lambda: "60 rows" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random", "time", "group"]
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    qtbot.waitUntil(lambda: "36 images" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random"]
    np.savez(tmp_path / "own.npz", x=np.eye(40), y=np.arange(40) % 2)
    page.task.builtin.choose_data(str(tmp_path / "own.npz"))
    qtbot.waitUntil(lambda: "own.npz" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random"]


def test_that_the_likeliest_column_of_times_and_of_groups_is_taken_first(
    qtbot, page, draft, tmp_path
):
    rows = "".join(f"{n % 9}.5,{'abc'[n % 3]},2024-01-{n % 28 + 1:02},{n}.25\n" for n in range(60))
    (tmp_path / "own.csv").write_text("size,shop,day,price\n" + rows)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    page.task.builtin._target.edited.emit("price")
    qtbot.waitUntil(lambda: "price (target)" in page.preview_card.text)
    page.task.builtin._way.edited.emit("time")
    assert draft.document.task["split"]["column"] == "day"
    assert [name for _, name in page.task.builtin._column.choices()] == ["day", "size"]
    page.task.builtin._way.edited.emit("group")
    assert draft.document.task["split"]["by"] == "shop"
    assert [name for _, name in page.task.builtin._column.choices()] == ["shop", "size", "day"]


def test_that_a_split_by_columns_goes_with_the_file_that_has_them(qtbot, page, draft, tmp_path):
    (tmp_path / "own.csv").write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    qtbot.waitUntil(lambda: "60 rows" in page.preview_card.text)
    page.task.builtin._shares["train"].edited.emit(0.8)
    page.task.builtin._way.edited.emit("group")
    shares = {"train": 0.8, "validation": 0.15, "test": 0.15}
    assert draft.document.task["split"] == {**shares, "by": "klasse"}
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    assert draft.document.task["split"] == shares
    draft.undo_stack.undo()
    assert draft.document.task["split"] == {**shares, "by": "klasse"}


def test_that_a_missing_file_is_said_where_the_data_would_be(qtbot, page, tmp_path):
    page.task.builtin.choose_data(str(tmp_path / "gone.csv"))
    qtbot.waitUntil(lambda: "there is no file" in page.preview_card.text)
    assert not page.footer.run.isEnabled()


def test_that_a_stale_preview_is_dropped(qtbot, page, tmp_path):
    slow, quick = tmp_path / "slow.csv", tmp_path / "quick.csv"
    slow.write_text("a,b\n" + "1,2\n" * 200_000)
    quick.write_text(CSV)
    page.task.builtin.choose_data(str(slow))
    qtbot.wait(260)
    page.task.builtin.choose_data(str(quick))
    qtbot.waitUntil(lambda: "quick.csv" in page.preview_card.text)
    qtbot.wait(300)
    assert "slow.csv" not in page.preview_card.text
