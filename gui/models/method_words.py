"""What each method does, in plain words, for somebody who has never tuned anything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodWords:
    """In a `line`; then `what` it does, `when` to choose it, and what it `costs`."""

    title: str
    line: str
    what: str
    when: str = ""
    costs: str = ""


_WORDS = {
    "grid": MethodWords(
        "Grid search",
        "Tries every combination of a few values.",
        "Tries every combination of a few values of each parameter.",
        "Choose it for one to three parameters, to see the whole landscape.",
        "Nothing between the points is seen, and the number of trials multiplies "
        "with each parameter.",
    ),
    "random": MethodWords(
        "Random search",
        "Draws configurations at random.",
        "Draws configurations at random from the whole range.",
        "Choose it for many parameters or many workers: it spends the budget where it may "
        "matter, without a plan.",
        "Costs as many trials as you allow, and learns nothing from them.",
    ),
    "bayesian": MethodWords(
        "Bayesian optimisation",
        "Learns from each trial where to look next.",
        "Learns a model of the landscape from each trial, and picks the next where it expects "
        "most.",
        "Choose it when a trial is costly: it needs few, and shows what it believes, how sure it "
        "is and why it looks where it looks.",
        "Costs a moment of thought per trial; with very many workers it knows less when it "
        "chooses.",
    ),
}


def method_words(name: str) -> MethodWords:
    """The words for a method; its name alone where nobody has written any."""
    line = f"The method called {name}."
    return _WORDS.get(name, MethodWords(name.capitalize(), line, line))
