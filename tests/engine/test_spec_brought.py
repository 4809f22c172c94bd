"""Specs of a user's script or command: reading, writing, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.spec import CommandTask, ScriptTask, SpecError, StudySpec
from engine.tasks.check import check
from engine.tasks.dataset import TaskError

SCRIPT = """
name = "mine"
[task]
kind = "script"
file = "train.py"
{more}
[[space]]
name = "lr"
type = "float"
low = 0.1
high = 1.0
[method]
name = "random"
"""
COMMAND = SCRIPT.replace('"script"\nfile = "train.py"', '"command"\nobjective = "loss"')


def script(more: str = "") -> StudySpec:
    return StudySpec.parse(SCRIPT.format(more=more))


def command(more: str) -> StudySpec:
    return StudySpec.parse(COMMAND.replace("{more}", more))


def test_that_a_script_needs_no_more_than_its_file() -> None:
    task = script().task
    assert task == ScriptTask(kind="script", file="train.py")
    assert (task.function, task.objective, task.direction) == ("objective", "value", "minimize")
    assert task.steps_planned is None


def test_that_a_command_is_an_argument_list_with_placeholders() -> None:
    spec = command('argv = ["train", "--lr", "{lr}", "{seed}"]\nsteps = 7')
    assert isinstance(spec.task, CommandTask)
    assert spec.task.argv == ("train", "--lr", "{lr}", "{seed}")
    assert spec.task.steps_planned == 7


@pytest.mark.parametrize(
    "spec",
    [
        script('many = "fit_many"'),
        script('function = "fit"\ninterpreter = "env/bin/python"\nsteps = 3'),
        command('argv = ["train", "{lr}"]\nenvironment = { SEED = "{seed}" }'),
        command('argv = ["train", "{lr}"]\nread = "pattern"\npattern = "loss=(.*)"'),
        command('argv = ["train", "{lr}"]\nread = "file"\nfile = "{number}.csv"\nfolder = "w"'),
    ],
)
def test_that_what_is_written_reads_as_the_same(spec: StudySpec) -> None:
    afresh = spec.with_()
    afresh._source = ""
    for text in (spec.to_toml(), afresh.to_toml()):
        assert StudySpec.parse(text) == spec


def test_that_limits_are_written_only_where_they_differ_from_what_is_so_anyway() -> None:
    spec = script()
    spec = spec.with_(limits=type(spec.limits)(retries=2, report_seconds=5.0))
    afresh = spec.with_()
    afresh._source = ""
    assert "[limits]\nreport_seconds = 5.0\nretries = 2\n" in afresh.to_toml()
    assert "retry_on" not in afresh.to_toml()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('argv = ["train"]', "[space] 1 (lr): does not come up in the command"),
        ('argv = ["train", "{lr}", "{rate}"]', "there is no parameter {rate}"),
        ('argv = ["train", "{lr"]', "has a brace too many"),
        ('argv = ["train", "{lr:.3f}"]', "put a parameter's name in braces"),
        ('argv = ["train", "{}"]', "put a parameter's name in braces"),
        ("argv = []", "is empty"),
        ('argv = [""]', "names no program"),
        ('argv = ["train", "{lr}"]\nread = "pattern"', "[task] pattern: is missing"),
        ('argv = ["t", "{lr}"]\nread = "pattern"\npattern = "("', "is no regular expression"),
        ('argv = ["t", "{lr}"]\nread = "pattern"\npattern = "a"', "has no group"),
        ('argv = ["t", "{lr}"]\npattern = "(a)"', 'is not looked at; say read = "pattern"'),
        ('argv = ["t", "{lr}"]\nenvironment = { "a=b" = "1" }', "cannot be the name of a variable"),
        ('argv = "train"', "must be a list"),
    ],
)
def test_that_a_bad_command_is_refused_in_a_sentence(more: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        command(more)
    assert sentence in str(refused.value)


def test_that_a_parameter_may_not_have_a_name_with_a_meaning_of_its_own() -> None:
    text = COMMAND.replace("{more}", 'argv = ["t", "{seed}"]').replace('"lr"', '"seed"')
    with pytest.raises(SpecError, match="stands for something else"):
        StudySpec.parse(text)


def test_that_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SpecError, match="must be builtin, script or command, not 'pipeline'"):
        StudySpec.parse(SCRIPT.format(more="").replace('"script"', '"pipeline"'))


def test_that_an_unknown_reason_to_retry_is_refused() -> None:
    with pytest.raises(SpecError, match=r"\[limits\] retry_on: there is no reason 'crash'"):
        script('[limits]\nretry_on = ["crash"]')


def test_that_a_saved_spec_names_its_files_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "train.py").write_text("")
    spec = StudySpec.parse(SCRIPT.format(more=""), tmp_path / "a")
    spec.save(tmp_path / "spec.toml")
    task = StudySpec.load(tmp_path / "spec.toml").task
    assert isinstance(task, ScriptTask)
    assert task.file == "a/train.py"


def test_that_a_script_with_its_function_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("def objective(trial):\n    return 1.0\n")
    check(script().task, tmp_path)


def test_that_a_script_with_a_function_for_many_needs_no_other(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("def train_many(trials):\n    return [1.0]\n")
    check(script('many = "train_many"').task, tmp_path)


def test_that_what_cannot_be_a_functions_name_is_refused() -> None:
    with pytest.raises(SpecError, match=r"\[task\] many: 'train many' cannot be the name"):
        script('many = "train many"')


@pytest.mark.parametrize(
    ("source", "more", "sentence"),
    [
        (None, "", "train.py is not there; correct the path."),
        ("def objektive(trial): ...", "", "has no function objective; did you mean 'objektive'?"),
        ("def f(t): ...\ndef g(t): ...", "", "has no function objective; it has f, g."),
        ("x = 1", "", "has no function objective; define it there."),
        ("def objective(trial:\n", "", "train.py is no valid Python in line 1"),
        ("def objective(t): ...", 'many = "fit"', "many: train.py has no function fit; it has obj"),
        ("\0", "", "train.py is no valid Python (source code string cannot contain null bytes)"),
        ("def objective(t): ...", 'interpreter = "none"', "none is not there; choose the Python"),
        ("def objective(t): ...", 'interpreter = "train.py"', "is not a program"),
    ],
)
def test_that_a_script_that_cannot_run_is_refused_in_a_sentence(
    tmp_path: Path, source: str | None, more: str, sentence: str
) -> None:
    if source is not None:
        (tmp_path / "train.py").write_text(source)
    with pytest.raises(TaskError) as refused:
        check(script(more).task, tmp_path)
    assert sentence in str(refused.value)


def test_that_a_script_for_another_interpreter_may_have_its_syntax(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print 'old'")
    (tmp_path / "python").write_text("")
    (tmp_path / "python").chmod(0o755)
    check(script('interpreter = "python"').task, tmp_path)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('argv = ["no-such-program", "{lr}"]', "no program no-such-program on this computer's"),
        ('argv = ["./train.sh", "{lr}"]', "there is no program ./train.sh at"),
        ('argv = ["./notes.txt", "{lr}"]', "./notes.txt is not executable; name the program"),
        ('argv = ["true", "{lr}"]\nenvironment = { PATH = "none" }', "there is no program true"),
        ('argv = ["true", "{lr}"]\nfolder = "none"', "none is not there; make it"),
    ],
)
def test_that_a_command_that_cannot_run_is_refused(
    tmp_path: Path, more: str, sentence: str
) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(TaskError) as refused:
        check(command(more).task, tmp_path)
    assert sentence in str(refused.value)


def test_that_a_program_is_looked_for_where_the_command_finds_it(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "train.exe"
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o755)
    more = (
        f'argv = ["train.exe", "{{lr}}"]\nenvironment = {{ PATH = "{program.parent.as_posix()}" }}'
    )
    check(command(more).task, tmp_path)
