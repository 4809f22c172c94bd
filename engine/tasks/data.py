"""From what a task names as its data to a data set that is ready to train on.

Which reader a path belongs to is decided here; the readers are tables.py (CSV, Parquet), arrays.py
(NPZ) and images.py (folders). No torch: the window's process reads previews with this. A reader is
imported when it has something to read, which takes longer than all that is asked of a bundled set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine import places
from engine.tasks.catalog import Problem
from engine.tasks.dataset import BundledSet, DataError, Dataset, Part, TaskError
from engine.tasks.settings import SplitSettings, TaskSettings, read_task
from engine.tasks.targets import check_objective, decide_problem

if TYPE_CHECKING:
    from engine.tasks.preview import Preview

__all__ = [
    "BundledSet",
    "DataError",
    "Dataset",
    "TaskError",
    "bundled",
    "facts",
    "load",
    "preview",
]

Reader = Literal["table", "arrays", "images"]
_UCI = "https://archive.ics.uci.edu/dataset/"
_FIXED_SPLIT = SplitSettings(by="split")


@dataclass(frozen=True)
class Facts:
    """What can be said of a data set without loading it."""

    problem: Problem
    is_images: bool


@cache
def bundled() -> dict[str, BundledSet]:
    """The data sets that come with the program, by name."""
    folder = places.resources() / "datasets"
    sets = (
        BundledSet(
            name="digits",
            title="Handwritten digits",
            description="1,797 images of 8 × 8 pixels; which digit is it?",
            rows=1797,
            problem="classification",
            path=folder / "digits.npz",
            target=None,
            is_images=True,
            source=f"{_UCI}80/optical+recognition+of+handwritten+digits",
            licence="CC BY 4.0",
        ),
        BundledSet(
            name="breast_cancer",
            title="Breast cancer (Wisconsin)",
            description="30 measurements of cell nuclei in 569 biopsies; malignant or benign?",
            rows=569,
            problem="classification",
            path=folder / "breast_cancer.csv",
            target="diagnosis",
            source=f"{_UCI}17/breast+cancer+wisconsin+diagnostic",
            licence="CC BY 4.0",
        ),
        BundledSet(
            name="diabetes",
            title="Diabetes progression",
            description="Ten measurements of 442 patients; how far is the disease a year later?",
            rows=442,
            problem="regression",
            path=folder / "diabetes.csv",
            target="progression",
            source="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
            licence="none stated; redistributed by scikit-learn (BSD-3-Clause)",
        ),
    )
    return {one.name: one for one in sets}


def load(task: Any, base: Path | str) -> Dataset:
    """The data set of `task` (TaskSettings, its JSON form or the spec's model).

    Relative paths start at `base`. Raises DataError or TaskError.
    """
    settings, path, test_path = locate(task, base)
    dataset = _read(settings, path, test_path)
    parts: tuple[Part, ...] = ("train", "validation")
    for name in parts:
        if not len(dataset.part(name)):
            raise DataError(f"{path.name}: no row is in the {name} part; change the split.")
    return dataset


def _read(settings: TaskSettings, path: Path, test_path: Path | None) -> Dataset:
    reader = _reader(path)
    if reader == "table":
        from engine.tasks.tables import load_table

        return load_table(settings, path, test_path)
    if reader == "arrays":
        from engine.tasks.arrays import load_arrays

        return load_arrays(settings, path, test_path)
    from engine.tasks.images import load_images

    return load_images(settings, path, test_path)


def preview(task: Any, base: Path | str) -> Preview:
    """What the data of `task` looks like; quick for large files, and forgiving.

    A missing target is no error here, nor is an objective that does not fit.
    """
    from engine.tasks.preview import preview_arrays, preview_images, preview_table

    settings, path, test_path = locate(task, base)
    show = {"table": preview_table, "arrays": preview_arrays, "images": preview_images}
    shown = show[_reader(path)](settings, path)
    if test_path is not None:
        shown = replace(shown, parts={**shown.parts, "test": _count_rows(test_path)})
    title = bundled()[settings.data].title if settings.data in bundled() else path.name
    return replace(shown, title=title)


def facts(task: Any, base: Path | str) -> Facts:
    """Problem and kind of the data, from the first rows of a large file alone.

    Raises DataError or TaskError for whatever can be seen to be wrong there.
    """
    settings, path, _ = locate(task, base)
    known = bundled().get(settings.data)
    if known is not None:
        return Facts(known.problem, known.is_images)
    reader = _reader(path)
    if reader == "table":
        from engine.tasks.tables import facts_of_table

        return Facts(facts_of_table(settings, path), is_images=False)
    if reader == "images":
        from engine.tasks.images import list_images

        check_objective(settings, "classification")
        list_images(path)
        return Facts("classification", is_images=True)
    from engine.tasks import npz

    values, _ = npz.read_answers(path)
    problem = decide_problem(settings, values, f"'{npz.answers_name(path)}'")
    return Facts(problem, is_images=npz.first_inputs(path, 1).ndim > 2)


def locate(task: Any, base: Path | str) -> tuple[TaskSettings, Path, Path | None]:
    """Settings of `task`, its data's path, and that of a separate test part.

    A bundled set brings its own target, problem and split.
    """
    settings = read_task(task)
    known = bundled().get(settings.data)
    if known is not None:
        if settings.objective is not None:
            check_objective(settings, known.problem)
        fixed = replace(settings, target=known.target, problem=known.problem, split=_FIXED_SPLIT)
        return fixed, known.path, None
    path = _existing(settings.data, Path(base), "data")
    test = settings.split.file
    return settings, path, None if test is None else _existing(test, Path(base), "split: file")


def _count_rows(path: Path) -> int:
    from engine.tasks import images, npz, table_files

    reader = _reader(path)
    if reader == "table":
        return table_files.read_table(path, preview=True).rows
    return len(npz.read_answers(path)[0] if reader == "arrays" else images.list_images(path).files)


def _existing(name: str, base: Path, role: str) -> Path:
    path = base / Path(name).expanduser()
    if not path.exists():
        sets = ", ".join(bundled())
        raise DataError(f"{role}: there is no file {path}; check its name, or take one of {sets}.")
    return path


def _reader(path: Path) -> Reader:
    if path.is_dir():
        return "images"
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return "arrays"
    from engine.tasks import table_files

    if suffix in (*table_files.DELIMITED, *table_files.PARQUET):
        return "table"
    raise DataError(
        f"{path.name}: is of no known kind; give CSV, Parquet, NPZ or a folder of images."
    )
