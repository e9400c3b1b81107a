"""Which scripts of the project the strings name that code holds which starts processes."""

from __future__ import annotations

import ast
import functools
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from doit_invariants.code.loaded.subprocesses import LONGEST, Held
from doit_invariants.code.programs.arguments import name_of
from doit_invariants.code.programs.environment import World
from doit_invariants.code.programs.reader import Reader
from doit_invariants.code.programs.shell_state import State
from doit_invariants.code.programs.table import SUFFIXES
from doit_invariants.code.programs.trivial import runs_nothing, words_run_nothing
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
#: What reads or changes a file that it is given, and does not run it.
_TOOLS = frozenset(
    (
        *("autopep8", "black", "cat", "chmod", "cp", "diff", "flake8", "git", "grep", "head"),
        *("isort", "ls", "md5sum", "mv", "mypy", "pylint", "rm", "rsync", "ruff", "scp", "sed"),
        *("sha256sum", "tail", "tar", "touch", "wc", "yapf", "zip"),
    )
)
_MOST_DIRECTORIES = 40
_MOST_NAMES = 1_000
#: Where a name is put into a text.
_PLACE = re.compile(r"%\(\w+\)[sdr]|%\d*[sdr]|\{[^{}]*\}")
_T = TypeVar("_T")


def note_held(held: Held, cwd: str, reader: Reader) -> None:
    """Note in a reader what strings name."""
    world, before = reader.world, len(reader.uses)
    texts = list(held.texts)
    facts = list(map(_facts, texts))
    runs = "executable" in held.names or any(one.runs for one in facts)
    tools = any(one.is_tool for one in facts)
    certain = runs or not tools or not held.names.isdisjoint({"run_path", "exec"})
    names = _names(texts) if certain and any(one.has_suffix for one in facts) else []
    moves = "cwd" in held.texts or "chdir" in held.names
    directories = _directories(held, facts, cwd, world) if moves or names else [cwd]
    _commands(held, texts, directories if moves else [cwd], reader)
    _modules(held, reader, cwd)
    for path in _named(names, directories, world):
        reader.running.file(path, "executable", (path,), State(cwd, world.environ))
    if runs and len(reader.uses) == before:
        reader.note("a script that a function starts: its name can't be told")


def _commands(held: Held, texts: list[str], directories: list[str], reader: Reader) -> None:
    """Note what strings run that are commands, or lists of their words."""
    world = reader.world
    lists = [words for words in held.lists if not words_run_nothing(words, world)]
    several: list[tuple[str, str]] = []
    for text in texts:
        parts = text.split(None, 1)
        # One word alone is a command if it can be executed: else it may name anything.
        if len(parts) > 1 and not runs_nothing(text, world):
            several.append((parts[0], text))
        elif len(parts) == 1 and "/" in text:
            several.append((parts[0], ""))
    for where in directories:
        state = State(where, world.environ)
        for words in lists:
            if _is_program(words[0], state, world):
                reader.command(list(words), state.copy())
        for first, text in several:
            runs = bool(text) or os.access(state.path(first), os.X_OK)
            if runs and _is_program(first, state, world):
                reader.whole(text or first, state.copy())


class _Facts(NamedTuple):
    """What is asked of a string each time that it is met: most are met in each task."""

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


def held_by_source(text: str, path: str) -> Held | None:
    """Return what the source of a script holds; None if it starts no processes."""
    if _STARTS.search(text) is None:
        return None
    tree = normal_form.parse(text, path)
    if tree is None:
        return None
    found = Held(True, files={path: None})
    # A docstring tells how others are run.
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


def _is_program(word: str, state: State, world: World) -> bool:
    """Return whether a command may begin with a word: a path of data does not."""
    path = state.path(word)
    return not world.exists(path) or path.endswith(SUFFIXES) or os.access(path, os.X_OK)


def _modules(held: Held, reader: Reader, cwd: str) -> None:
    """Note what ``-m`` and ``run_module`` name, and what code behind ``-c`` imports."""
    state = State(cwd, reader.world.environ)
    if "-m" in held.texts or "run_module" in held.names:
        for text in list(held.texts)[:_MOST_NAMES]:
            if _DOTTED.fullmatch(text):
                reader.running.module(text, state)
    if "-c" in held.texts:
        for text in held.texts:
            if "import" in text:
                reader.running.code(text, state)


def _directories(held: Held, facts: list[_Facts], cwd: str, world: World) -> list[str]:
    """Return the directories that the names of scripts may be relative to."""
    found: dict[str, None] = {cwd: None}
    if "__file__" in held.names:
        for path in held.files:
            directory = os.path.dirname(os.path.abspath(os.path.join(cwd, path)))
            found.update(dict.fromkeys((directory, os.path.dirname(directory))))
    names = list(dict.fromkeys(one.directory for one in facts[:_MOST_NAMES] if one.directory))
    before = 0
    for _ in range(2):  # Path("a") / "b" / "x.py"
        bases, before = list(found)[before:], len(found)
        for base in bases:
            for name in filter(world.may_hold(base), names):
                if len(found) < _MOST_DIRECTORIES:
                    path = os.path.normpath(os.path.join(base, name))
                    if path not in found and world.is_directory(path):
                        found[path] = None
    return list(found)


def _named(names: list[str], directories: list[str], world: World) -> Iterator[str]:
    """Yield the files that strings name, whole or by their pieces."""
    seen: set[str] = set()
    places = [(one, world.may_hold(one)) for one in directories] if names else []
    for name in names:
        for directory, may_hold in places:
            path = os.path.normpath(os.path.join(directory, name)) if may_hold(name) else ""
            if path and path not in seen and world.exists(path):
                seen.add(path)
                yield path


def _names(texts: list[str]) -> list[str]:
    """Return relative names of scripts: ``tools/gen.py``, ``/gen.py``, or made of pieces."""
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
