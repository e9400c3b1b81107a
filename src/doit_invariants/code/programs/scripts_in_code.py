"""Finds the scripts that code may start, from the strings in it."""

from __future__ import annotations

import ast
import functools
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from doit_invariants.code.loaded.subprocesses import LONGEST, CodeStrings
from doit_invariants.code.programs.arguments import name_of
from doit_invariants.code.programs.environment import Environment
from doit_invariants.code.programs.reader import Reader
from doit_invariants.code.programs.shell_state import ShellState
from doit_invariants.code.programs.table import SUFFIXES
from doit_invariants.code.programs.trivial import run_nothing, runs_nothing
from doit_invariants.code.source import normal_form

_TOKENS = re.compile(r"[\s'\"=;,()\[\]]+")
_STEM = re.compile(r"[\w.-]+(/[\w.-]+)*")
_SUFFIX = re.compile("|".join(map(re.escape, SUFFIXES)))
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_RUNS = re.compile(r"(^|[\s/'\"])(python|pypy|ipython|py|bash|sh|zsh|ksh|dash)[\d.]*($|[\s'\"])")
_STARTS = re.compile(
    r"\b(subprocess|runpy|popen|papermill|nbclient|plumbum|pexpect|os\.(system|exec|spawn|posix_spawn))"
    r"|\bos import\b.*\b(system|exec|spawn)"
)
#: Programs that read or change the files they get, but do not run them.
_TOOLS = frozenset(
    (
        *("autopep8", "black", "cat", "chmod", "cp", "diff", "flake8", "git", "grep", "head"),
        *("isort", "ls", "md5sum", "mv", "mypy", "pylint", "rm", "rsync", "ruff", "scp", "sed"),
        *("sha256sum", "tail", "tar", "touch", "wc", "yapf", "zip"),
    )
)
_MOST_DIRECTORIES = 40
_MOST_NAMES = 1_000
#: A placeholder in a format string.
_PLACE = re.compile(r"%\(\w+\)[sdr]|%\d*[sdr]|\{[^{}]*\}")
_T = TypeVar("_T")


def note_scripts(strings: CodeStrings, cwd: str, reader: Reader) -> None:
    """Record the scripts, commands and modules that strings name."""
    environment, before = reader.environment, len(reader.uses)
    texts = list(strings.texts)
    facts = list(map(_facts, texts))
    runs = "executable" in strings.names or any(one.runs for one in facts)
    tools = any(one.is_tool for one in facts)
    certain = runs or not tools or not strings.names.isdisjoint({"run_path", "exec"})
    names = _names(texts) if certain and any(one.has_suffix for one in facts) else []
    moves = "cwd" in strings.texts or "chdir" in strings.names
    directories = _directories(strings, facts, cwd, environment) if moves or names else [cwd]
    _commands(strings, texts, directories if moves else [cwd], reader)
    _modules(strings, reader, cwd)
    for path in _named(names, directories, environment):
        reader.recorder.file(path, "executable", (path,), ShellState(cwd, environment.environ))
    if runs and len(reader.uses) == before:
        reader.note("a script that a function starts: can't tell its name")


def _commands(
    strings: CodeStrings, texts: list[str], directories: list[str], reader: Reader
) -> None:
    """Record what runs if the strings are commands, or the lists are words of a command."""
    environment = reader.environment
    lists = [words for words in strings.lists if not run_nothing([words], environment)]
    several: list[tuple[str, str]] = []
    for text in texts:
        parts = text.split(None, 1)
        # A single word is a command only if it is executable, otherwise it may name anything.
        if len(parts) > 1 and not runs_nothing(text, environment):
            several.append((parts[0], text))
        elif len(parts) == 1 and "/" in text:
            several.append((parts[0], ""))
    for where in directories:
        state = ShellState(where, environment.environ)
        for words in lists:
            if _is_program(words[0], state, environment):
                reader.command(list(words), state.copy())
        for first, text in several:
            runs = bool(text) or os.access(state.path(first), os.X_OK)
            if runs and _is_program(first, state, environment):
                reader.script(text or first, state.copy())


class _Facts(NamedTuple):
    """Facts about a string, cached because most strings occur in every task."""

    runs: bool
    is_tool: bool
    has_suffix: bool
    directory: str
    tokens: tuple[str, ...]


@functools.lru_cache(maxsize=4_096)
def _facts(text: str) -> _Facts:
    words = text.split()
    last = words[-1] if words else ""
    name = last.rstrip("/").lstrip("/") if not os.path.isabs(text) else last
    return _Facts(
        _RUNS.search(text) is not None,
        bool(words) and name_of(words[0]) in _TOOLS,
        _SUFFIX.search(text) is not None,
        name if _STEM.fullmatch(name.strip("/")) else "",
        tuple(_TOKENS.split(text)),
    )


def strings_of_source(text: str, path: str) -> CodeStrings | None:
    """Return the strings in the source of a script; None if it starts no processes."""
    if _STARTS.search(text) is None:
        return None
    tree = normal_form.parse(text, path)
    if tree is None:
        return None
    found = CodeStrings(True, files={path: None})
    # A docstring may describe how other scripts are run.
    docstrings = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in docstrings or len(node.value) > LONGEST:
                continue
            found.texts[node.value] = None
        elif isinstance(node, (ast.List, ast.Tuple)):
            words = [_word(one) for one in node.elts]
            known = tuple(word for word in words if word is not None)
            if known and len(known) == len(words):
                found.lists[known] = None
        elif isinstance(node, ast.Name):
            found.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.names.add(node.attr)
    return found


def _word(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)):
        return str(node.value)
    return "python" if isinstance(node, ast.Attribute) and node.attr == "executable" else None


def _is_program(word: str, state: ShellState, environment: Environment) -> bool:
    """Return whether a word may begin a command; the path of a data file may not."""
    path = state.path(word)
    return not environment.exists(path) or path.endswith(SUFFIXES) or os.access(path, os.X_OK)


def _modules(strings: CodeStrings, reader: Reader, cwd: str) -> None:
    """Record the modules of ``-m`` and ``run_module``, and the imports of code after ``-c``."""
    state = ShellState(cwd, reader.environment.environ)
    if "-m" in strings.texts or "run_module" in strings.names:
        for text in list(strings.texts)[:_MOST_NAMES]:
            if _DOTTED.fullmatch(text):
                reader.recorder.module(text, state)
    if "-c" in strings.texts:
        for text in strings.texts:
            if "import" in text:
                reader.recorder.code(text, state)


def _directories(
    strings: CodeStrings, facts: list[_Facts], cwd: str, environment: Environment
) -> list[str]:
    """Return the directories to which names of scripts may be relative."""
    found: dict[str, None] = {cwd: None}
    if "__file__" in strings.names:
        for path in strings.files:
            directory = os.path.dirname(os.path.abspath(os.path.join(cwd, path)))
            found.update(dict.fromkeys((directory, os.path.dirname(directory))))
    names = list(dict.fromkeys(one.directory for one in facts[:_MOST_NAMES] if one.directory))
    before = 0
    for _ in range(2):  # Path("a") / "b" / "x.py"
        bases, before = list(found)[before:], len(found)
        for base in bases:
            for name in filter(environment.may_hold(base), names):
                if len(found) < _MOST_DIRECTORIES:
                    path = os.path.normpath(os.path.join(base, name))
                    if path not in found and os.path.isdir(path):
                        found[path] = None
    return list(found)


def _named(names: list[str], directories: list[str], environment: Environment) -> Iterator[str]:
    """Yield the files with one of the names in one of the directories."""
    seen: set[str] = set()
    places = [(one, environment.may_hold(one)) for one in directories] if names else []
    for name in names:
        for directory, may_hold in places:
            path = os.path.normpath(os.path.join(directory, name)) if may_hold(name) else ""
            if path and path not in seen and environment.exists(path):
                seen.add(path)
                yield path


def _names(texts: list[str]) -> list[str]:
    """Return relative names of scripts: ``tools/gen.py``, ``/gen.py``, or joined from pieces."""
    tokens = [(text, token) for text in texts for token in _facts(text).tokens if token]
    stems = [token for text, token in tokens if text == token and _STEM.fullmatch(token)]
    lasts = [_facts(text).tokens[-1] for text in texts]
    prefixes = ["", *(one for one in lasts if one and not one.endswith(SUFFIXES))]
    found: dict[str, None] = {}
    for text, token in tokens:
        if len(found) >= _MOST_NAMES:
            break
        suffix = next((one for one in SUFFIXES if token.startswith(one)), None)
        if suffix is not None and text.startswith(token):  # f"tools/{name}.py"
            made = itertools.product(prefixes, stems, [suffix])
            found.update((("".join(one)).lstrip("/"), None) for one in _few(made))
        elif token.endswith(SUFFIXES) and _PLACE.search(token):  # "tools/%s.py"
            found.update((stem.join(_PLACE.split(token)), None) for stem in _few(stems))
        elif token.endswith(SUFFIXES):
            found.update({token: None, token.lstrip("/"): None})
    return list(_few(found))


def _few(items: Iterable[_T]) -> Iterator[_T]:
    return itertools.islice(items, _MOST_NAMES)
