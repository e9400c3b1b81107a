"""Finds the files that pytest and unittest run."""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doit_invariants.code.programs.arguments import scan
from doit_invariants.code.programs.environment import Use
from doit_invariants.code.programs.expand import UNKNOWN
from doit_invariants.code.programs.makefile import make
from doit_invariants.code.programs.table import Program

if TYPE_CHECKING:
    from doit_invariants.code.programs.reader import Reader
    from doit_invariants.code.programs.shell_state import ShellState

#: Directories in which pytest does not look for tests.
_PASSED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "__pycache__")
_MOST_DIRECTORIES = 2_000
_PYTEST = Program(
    "pytest",
    values="-k -m -o -W -n -r --maxfail --durations --junitxml --junit-xml --cov-config "
    "--cov-report --log-level --log-file --basetemp --timeout --dist --color --tb --capture "
    "--ignore --ignore-glob --deselect --override-ini --pythonwarnings --numprocesses --verbosity",
    module="-p", files="-c --config-file", directory="--rootdir --confcutdir",
)  # fmt: skip
_UNITTEST = Program(
    "unittest", values="-s -p -t -k --start-directory --pattern --top-level-directory"
)
_INI = re.compile(r"\[(pytest|tool:pytest)\]")


@dataclass(slots=True)
class _Settings:
    """The configuration of pytest."""

    directory: str
    paths: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=lambda: ["test_*.py", "*_test.py"])
    search: list[str] = field(default_factory=list)


def _pytest(reader: Reader, arguments: Sequence[str], state: ShellState) -> None:
    """Record the tests that pytest runs, with each ``conftest.py``."""
    operands, plugins, given = _parsed(list(arguments))
    for plugin in plugins:
        reader.recorder.module(plugin.removeprefix("no:"), state)
    unknown = [one for one in (*operands, state.cwd) if UNKNOWN in one]
    if unknown:
        reader.note(f"pytest {' '.join(arguments):.80}: can't tell which tests it runs")
    paths = [state.path(one.partition("::")[0]) for one in operands if UNKNOWN not in one]
    if UNKNOWN in state.cwd:
        return
    settings = _settings(reader, state.path(given) if given else None, paths, state.cwd)
    if not operands:
        paths = [os.path.join(settings.directory, path) for path in settings.paths] or [state.cwd]
    for path in paths:
        for one in reader.environment.paths(path) or [path]:
            _tests(reader, one, settings, state)


def _parsed(arguments: list[str]) -> tuple[list[str], list[str], str | None]:
    operands, plugins, given = [], [], None
    while arguments:
        found = scan(_PYTEST, arguments)
        if found.value is None:
            break
        if found.role == "operand":
            operands.append(found.value)
        elif found.role == "module":
            plugins.append(found.value)
        elif found.role == "files":
            given = found.value
        arguments = found.rest
    return operands, plugins, given


def _tests(reader: Reader, path: str, settings: _Settings, state: ShellState) -> None:
    tests = [path] if reader.environment.exists(path) else _below(reader, path, settings.files)
    if not tests:
        return
    around = {os.path.dirname(one) for one in tests}
    conftests = [one for one in sorted(_conftests(around)) if reader.environment.exists(one)]
    roots = {_root(reader, one) for one in (*tests, *conftests)}
    search = (*(d for d, _ in state.pythonpath), *settings.search, *sorted(roots), state.cwd)
    starts = (*tests, *(one for one in conftests if one not in tests))
    reader.recorder.use(Use(path, None, tuple(dict.fromkeys(search)), starts))


def _conftests(directories: set[str]) -> set[str]:
    found: set[str] = set()
    for directory in directories:
        while directory not in found and os.path.dirname(directory) != directory:
            found.add(directory)
            directory = os.path.dirname(directory)
    return {os.path.join(directory, "conftest.py") for directory in found}


def _root(reader: Reader, path: str) -> str:
    """Return the directory that pytest puts on ``sys.path``: the first that is not a package."""
    directory = os.path.dirname(path)
    while reader.environment.exists(os.path.join(directory, "__init__.py")):
        directory = os.path.dirname(directory)
    return directory


def _below(reader: Reader, directory: str, patterns: Sequence[str]) -> list[str]:
    found: list[str] = []
    for count, (where, inside, files) in enumerate(os.walk(directory)):
        if count == _MOST_DIRECTORIES:
            reader.note(f"tests below {directory}: too many directories")
            break
        inside[:] = sorted(name for name in inside if _is_looked_into(where, name))
        names = [n for n in files if any(fnmatch.fnmatchcase(n, one) for one in patterns)]
        found += [os.path.join(where, name) for name in sorted(names)]
    return list(filter(reader.environment.exists, found))


def _is_looked_into(where: str, name: str) -> bool:
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in _PASSED):
        return False
    return not os.path.exists(os.path.join(where, name, "pyvenv.cfg"))


def _settings(reader: Reader, given: str | None, paths: list[str], cwd: str) -> _Settings:
    """Return the configuration in the first directory upwards that has one."""
    if given is not None:
        return _from_file(reader, given) or _Settings(os.path.dirname(given))
    starts = [one if os.path.isdir(one) else os.path.dirname(one) for one in paths] or [cwd]
    try:
        directory = os.path.commonpath(starts)
    except ValueError:
        directory = cwd
    while True:
        for name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
            found = _from_file(reader, os.path.join(directory, name))
            if found is not None:
                return found
        above = os.path.dirname(directory)
        if above == directory:
            return _Settings(cwd)
        directory = above


def _from_file(reader: Reader, path: str) -> _Settings | None:
    text = reader.environment.text(path) if reader.environment.exists(path) else None
    if text is None:
        return None
    values = _toml(text) if path.endswith(".toml") else _ini(text)
    if values is None:
        return None
    directory = os.path.dirname(path)
    settings = _Settings(directory, values.get("testpaths", []))
    settings.files = values.get("python_files") or settings.files
    settings.search = [os.path.join(directory, one) for one in values.get("pythonpath", [])]
    return settings


def _ini(text: str) -> dict[str, list[str]] | None:
    section = _INI.search(text)
    if section is None:
        return None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
        return {name: value.split() for name, value in parser.items(section[1])}
    except configparser.Error:
        return None


def _toml(text: str) -> dict[str, list[str]] | None:
    if "[tool.pytest" not in text:
        return None
    if sys.version_info >= (3, 11):
        import tomllib

        try:
            found = tomllib.loads(text)["tool"]["pytest"]["ini_options"]
            return {name: _words(value) for name, value in found.items()}
        except (KeyError, ValueError, AttributeError):
            return None
    pairs = re.findall(r"^(\w+)\s*=\s*(\[[^\]]*\]|\".*?\"|'.*?')", text, re.MULTILINE)
    return {name: re.findall(r"['\"]([^'\"]+)['\"]", value) for name, value in pairs}


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return list(map(str, value)) if isinstance(value, list) else [str(value)]


def _unittest(reader: Reader, arguments: Sequence[str], state: ShellState) -> None:
    """Record the tests that unittest runs."""
    words = list(arguments)
    names = [word for word in _operands(words) if word != "discover"]
    if "discover" in words or not names:
        values = dict(_pairs(words))
        start = values.get("s") or (names[0] if names else ".")
        pattern = values.get("p") or (names[1] if len(names) > 1 else "test*.py")
        path = state.path(start)
        top = state.path(values.get("t") or start)
        _note_unittests(reader, path, _below(reader, path, [pattern]), top, state)
        return
    for name in names:
        path = state.path(name)
        if name.endswith(".py") and reader.environment.exists(path):
            _note_unittests(reader, path, [path], state.cwd, state)
            continue
        parts = name.split(".")
        for count in range(len(parts), 0, -1):  # the last may be a class or a method
            before = len(reader.uses)
            reader.recorder.imported(".".join(parts[:count]), state, ())
            if len(reader.uses) > before:
                break


def _note_unittests(
    reader: Reader, path: str, tests: list[str], top: str, state: ShellState
) -> None:
    if tests:
        search = (*(d for d, _ in state.pythonpath), top, state.cwd)
        reader.recorder.use(Use(path, None, tuple(dict.fromkeys(search)), tuple(tests)))


def _operands(words: list[str]) -> Iterator[str]:
    while words:
        found = scan(_UNITTEST, words)
        if found.role != "operand" or found.value is None:
            return
        yield found.value
        words = found.rest


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if re.fullmatch(r"-[spt]|--(start-directory|pattern|top-level-directory)", option):
            following = value if equals else "".join(words[at + 1 : at + 2])
            yield option.lstrip("-")[0], following


SUITES: dict[str, Callable[[Reader, Sequence[str], ShellState], None]] = {
    "make": make,
    "pytest": _pytest,
    "unittest": _unittest,
}
