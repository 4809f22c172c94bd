"""A worker that lives on starts its next trial as it started the last."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.executors.surroundings import Surroundings, restored


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESCAPE_TEST", "before")


def draw() -> tuple[float, float, float]:
    """A number of each source of randomness."""
    return random.random(), np.random.random(), torch.rand(1).item()


def test_that_what_a_trial_changes_is_put_back(tmp_path: Path) -> None:
    folder, handler = os.getcwd(), signal.getsignal(signal.SIGTERM)
    surroundings = Surroundings()
    expected = draw()
    os.chdir(tmp_path)
    os.environ["TUNESCAPE_TEST"] = "after"
    os.environ["TUNESCAPE_OTHER"] = "new"
    signal.signal(signal.SIGTERM, lambda *_: None)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    surroundings.restore()
    assert os.getcwd() == folder
    assert os.environ["TUNESCAPE_TEST"] == "before"
    assert "TUNESCAPE_OTHER" not in os.environ
    assert signal.getsignal(signal.SIGTERM) == handler
    assert draw() == expected


def test_that_a_frozen_programs_libraries_are_taken_out_of_the_paths() -> None:
    bundle = os.path.join("tmp", "_MEI1")
    environment = {
        "HOME": "/home/me",
        "_MEIPASS2": bundle,
        "_PYI_ARCHIVE_FILE": "tunescape",
        "LD_LIBRARY_PATH": bundle,
        "DYLD_LIBRARY_PATH": "changed",
        "DYLD_LIBRARY_PATH_ORIG": "mine",
        "PATH": os.pathsep.join([bundle, "/usr/bin"]),
    }
    plain = {"HOME": "/home/me", "DYLD_LIBRARY_PATH": "mine", "PATH": "/usr/bin"}
    assert restored(environment) == plain
    assert restored(plain) == plain
