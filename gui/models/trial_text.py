"""Trials in words: what a hover card says, and configurations as JSON, TOML and Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from html import escape

from engine.analysis.cost import words
from engine.trial import Params, Trial, TrialState
from gui.models.failure_words import failure_words
from gui.numbers import exact, number
from gui.theme import BEST, state_mark, theme

_MOST_LINES = 12


def title(trial: Trial, best: Trial | None = None) -> str:
    """ "12 ● complete" with a star if it is the best, as rich text."""
    mark = state_mark(trial.state)
    star = f" {BEST} best" if best is not None and best.number == trial.number else ""
    return (
        f'<b>Trial {trial.number}</b>&nbsp; <span style="color:{mark.colour.name()}">{mark.glyph}'
        f" {mark.word}</span>{star}"
    )


def card(trial: Trial, objective: str, best: Trial | None = None, more: str = "") -> str:
    """What a hover card says about `trial`, and `more` of it, as rich text."""
    rows = [] if trial.value is None else [(objective, f"<b>{escape(number(trial.value))}</b>")]
    rows += [(name, escape(number(value))) for name, value in trial.params.items()]
    if len(rows) > _MOST_LINES:
        rows = [*rows[:_MOST_LINES], (f"… {len(rows) - _MOST_LINES} more", "")]
    if trial.seconds is not None:
        rows.append(("took", words(trial.seconds)))
    muted = theme().muted.name()
    cells = "".join(
        f'<tr><td style="color:{muted}; padding-right:12px">{escape(name)}</td><td>{text}</td></tr>'
        for name, text in rows
    )
    why = stopped_words(trial) if trial.failure is None else failure_words(trial.failure)
    said = "".join(f"<div>{escape(text)}</div>" for text in (why, more) if text)
    return f"<div>{title(trial, best)}</div>{said}<table cellspacing=0>{cells}</table>"


def stopped_words(trial: Trial) -> str:
    """Why a trial was stopped early, or goes on after that; empty where neither is so."""
    if not trial.note:
        return ""
    if trial.state is TrialState.PRUNED:
        return f"Stopped early: {trial.note}."
    return f"Stopped early, but {trial.note}."


def as_json(params: Params) -> str:
    """The configuration as a JSON object, every digit kept."""
    return json.dumps(params, indent=2, ensure_ascii=False)


def as_toml(params: Params) -> str:
    """The configuration as lines of TOML, every digit kept."""
    import tomlkit  # late: only a copy needs it

    return tomlkit.dumps(dict(params)).strip()


def as_python(params: Params) -> str:
    """The configuration as a Python assignment, every digit kept."""
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in params.items())
    return f"params = {{\n{lines}}}"


def as_lines(params: Params) -> str:
    """The configuration as a line a parameter, every digit kept."""
    return "\n".join(f"{name}\t{exact(value)}" for name, value in params.items())


def as_csv(trials: Iterable[Trial], names: Sequence[str]) -> str:
    """`trials` as a table with a column for each of the parameters `names`, every digit kept."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["number", "state", "value", *names, "seconds", "best_epoch", "failure"])
    for trial in trials:
        row = [trial.value, *map(trial.params.get, names), trial.seconds, trial.step]
        failure = trial.failure.message if trial.failure else ""
        writer.writerow([trial.number, trial.state.value, *map(exact, row), failure])
    return lines.getvalue()
