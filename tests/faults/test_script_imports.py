"""What a user's script imports: neighbours, its package, modules whose names it shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.script_worker import ScriptWorker, ended, write


def test_that_a_script_is_where_it_would_be_if_it_were_started_by_hand(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("VALUE = 3")
    (tmp_path / "data.txt").write_text("4")
    result = ended(
        tmp_path,
        """
        import sys
        from neighbour import VALUE

        if __name__ == "__main__":
            raise SystemExit("it is not started by hand")

        def objective(trial):
            assert sys.argv == [__file__]
            return VALUE + float(open("data.txt").read())
        """,
    )
    assert result["value"] == 7


def test_that_a_script_named_as_a_module_that_is_there_does_not_take_its_place(
    tmp_path: Path,
) -> None:
    source = "import queue\ndef objective(trial):\n    return queue.Queue(5).maxsize\n"
    script = write(tmp_path, source, "queue.py")
    with ScriptWorker(script) as worker:
        assert worker.run()["value"] == 5


SPREAD = {
    "beside": ("train.py", "from . import helper\nfrom .helper import VALUE\n"),
    "in a package": ("pkg/train.py", "from .helper import VALUE\n"),
    "above": ("pkg/runs/train.py", "from ..helper import VALUE\n"),
    "by its package's name": ("pkg/train.py", "from pkg.helper import VALUE\n"),
}


@pytest.mark.parametrize("place", SPREAD)
def test_that_a_script_may_be_a_part_of_a_package(tmp_path: Path, place: str) -> None:
    name, imports = SPREAD[place]
    script, package = tmp_path / name, tmp_path / Path(name).parts[0]
    script.parent.mkdir(parents=True, exist_ok=True)
    if package.is_dir():
        (package / "__init__.py").touch()
    (package if package.is_dir() else tmp_path).joinpath("helper.py").write_text("VALUE = 3")
    script.write_text(
        f"{imports}\nimport multiprocessing\n"
        "def double(x):\n    return 2 * x\n"
        "def objective(trial):\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        return pool.map(double, [VALUE])[0]\n"
    )
    with ScriptWorker(script) as worker:
        assert worker.run()["value"] == 6, worker.log


def test_that_a_relative_import_that_leads_nowhere_says_where(tmp_path: Path) -> None:
    folder = tmp_path / "json"  # whose name is taken
    folder.mkdir()
    failure = ended(folder, "from .helper import VALUE\ndef objective(trial): ...\n")
    assert failure["message"].startswith("train.py, line 1: attempted relative import")


def test_that_a_script_of_a_librarys_name_runs(tmp_path: Path) -> None:
    source = "def objective(trial):\n    return 5\n"
    with ScriptWorker(write(tmp_path, source, "tensorflow.py")) as worker:
        assert worker.run()["value"] == 5
