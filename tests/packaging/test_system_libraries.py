"""Missing system libraries: installed where we may, named with the one command where we may not."""

from __future__ import annotations

import subprocess

import pytest
import system_libraries
from system_libraries import SetupError


@pytest.fixture
def system(monkeypatch):
    """A Debian-like system that has everything but libEGL; returns what it was asked to run."""
    ran = []

    def run(command, **_):
        ran.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(system_libraries, "_loads", lambda soname: soname != "libEGL.so.1")
    monkeypatch.setattr(system_libraries, "_has_font", lambda: True)
    monkeypatch.setattr(system_libraries.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(system_libraries.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(system_libraries.subprocess, "run", run)
    return ran


def test_that_root_installs_what_is_missing(system):
    system_libraries.ensure(virtual_display=False)
    assert system[0] == ["apt-get", "update"]
    assert system[1][:2] == ["apt-get", "install"]
    assert system[1][-1] == "libegl1"


def test_that_others_are_told_the_one_command(system, monkeypatch):
    monkeypatch.setattr(system_libraries.os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(SetupError, match=r"lacks libEGL\.so\.1.*\s+sudo apt-get install .*libegl1"):
        system_libraries.ensure(virtual_display=False)
    assert system == []


def test_that_a_system_without_apt_is_told_what_it_lacks(system, monkeypatch):
    monkeypatch.setattr(system_libraries.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match=r"lacks libEGL\.so\.1, Xvfb;.*package manager"):
        system_libraries.ensure(virtual_display=True)


def test_that_nothing_is_run_when_nothing_is_missing(system, monkeypatch):
    monkeypatch.setattr(system_libraries, "_loads", lambda soname: True)
    system_libraries.ensure(virtual_display=True)
    assert system == []


def test_that_a_failure_of_apt_is_passed_on(system, monkeypatch):
    failed = subprocess.CompletedProcess([], 100, "", "E: no space left")
    monkeypatch.setattr(system_libraries.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SetupError, match="no space left"):
        system_libraries.ensure(virtual_display=False)
