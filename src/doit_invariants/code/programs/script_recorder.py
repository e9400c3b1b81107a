"""Records the scripts, modules and code that a command runs, and everything that these run."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doit_invariants.code.programs.environment import Use
from doit_invariants.code.programs.expand import UNKNOWN, is_pattern
from doit_invariants.code.programs.table import SUFFIXES
from doit_invariants.code.source import normal_form
from doit_invariants.code.source.imports import imports_of

if TYPE_CHECKING:
    from doit_invariants.code.programs.arguments import Call, Script
    from doit_invariants.code.programs.reader import Reader
    from doit_invariants.code.programs.shell_state import ShellState

_PYTHON_SUFFIXES = (".py", ".pyw")
_DOCUMENTS = (".qmd", ".md", ".Rmd", ".R")


class ScriptRecorder:
    """Records uses in a reader."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.environment = reader.environment
        self._active: list[str] = []
        self._started: set[tuple[str, str]] = set()

    def call(self, call: Call, state: ShellState, words: list[str]) -> None:
        """Record what a program runs, and read it if possible."""
        if call.unseen is not None:
            self.reader.note(f"{' '.join(words):.80}: {call.unseen}")
        elif call.code is not None:
            self.code(call.code, state)
        elif call.module is not None:
            self.module(call.module, state)
        elif call.suite is not None:
            # Imported late: few commands run tests or make.
            from doit_invariants.code.programs.suites import SUITES

            SUITES[call.suite](self.reader, call.arguments, state)
        elif call.script is not None:
            self._script(call.script, call.arguments, state, words)

    def use(self, use: Use) -> None:
        """Record a use."""
        self.reader.uses[use] = None

    def _add(self, path: str, state: ShellState, *, module: str | None = None) -> None:
        """Record a file with the directories in which its imports are looked up."""
        first = (state.cwd,) if module is not None else ()
        every = tuple(directory for directory, _ in state.pythonpath)
        plain = tuple(directory for directory, plain in state.pythonpath if plain)
        if plain != every and not module:
            # Records of earlier versions, which did not understand variables, have this use.
            self.use(Use(path, module, (*first, *plain)))
        self.use(Use(path, module, (*first, *every)))

    # ------------------------------------------------------------------ scripts

    def _script(
        self, script: Script, arguments: tuple[str, ...], state: ShellState, words: list[str]
    ) -> None:
        if script.follow == "console":
            self._console(script.names[0], state)
            return
        for name in script.names:
            found = self.environment.paths(state.path(name))
            for path in found:
                self.file(path, script.follow, (name, *arguments), state)
            if found:
                return
        if UNKNOWN in script.names[0] or UNKNOWN in state.cwd:
            self.reader.note(f"{' '.join(words):.80}: can't tell which script it runs")

    def file(self, path: str, follow: str, arguments: tuple[str, ...], state: ShellState) -> None:
        """Record a script and everything that it runs."""
        given = follow
        if follow == "executable":
            follow = self.environment.language(path)
        if follow == "notebook" and path.endswith(_PYTHON_SUFFIXES):
            follow = "python"
        if follow in {"python", "notebook"} or given == "executable":
            self._add(path, state)
        else:
            self.use(Use(path))
        if follow == "python":
            self._starts(path, state)
        elif follow in {"shell", "source"}:
            self._shell(path, arguments, state, sourced=follow == "source")
        elif follow == "notebook":
            self._notebook(path, state)
        elif follow == "content":
            name = os.path.relpath(path, state.cwd) if UNKNOWN not in state.cwd else path
            self.reader.note(f"anything that {name} runs")

    def _shell(
        self, path: str, arguments: tuple[str, ...], state: ShellState, *, sourced: bool
    ) -> None:
        text = self.environment.text(path) if path not in self._active else None
        if text is None:
            return
        self._active.append(path)
        if sourced:
            outer = state.arguments
            state.arguments = arguments if len(arguments) > 1 else outer
            self.reader.line(text, state)
            state.arguments = outer
        else:
            inner = state.copy()
            inner.arguments, inner.branch, inner.functions = arguments, 0, {}
            self.reader.script(text, inner)
        self._active.pop()

    def _starts(self, path: str, state: ShellState) -> None:
        """Record the scripts that a Python script starts."""
        # Only once: a dozen scripts that name each other can be reached in a huge number of ways.
        if (path, state.cwd) in self._started or UNKNOWN in state.cwd:
            return
        # Imported late: few scripts start processes.
        from doit_invariants.code.programs import scripts_in_code

        self._started.add((path, state.cwd))
        strings = self.environment.cached(path, scripts_in_code.strings_of_source)
        if strings is not None:
            scripts_in_code.note_scripts(strings, state.cwd, self.reader)

    def _notebook(self, path: str, state: ShellState) -> None:
        from doit_invariants.code.source import notebook  # late: few commands run notebooks

        text = self.environment.text(path) if path not in self._active else None
        if text is None:
            return
        self._active.append(path)
        beside = state.copy()
        # A kernel runs in the directory of the notebook; papermill runs it in the current one.
        for directory in dict.fromkeys((os.path.dirname(path), state.cwd)):
            beside.cwd = directory
            for command in notebook.commands(text, path):
                self.reader.line(command, beside.copy())
        if path.endswith(_DOCUMENTS):
            beside.cwd = os.path.dirname(path)
            self.code(notebook.code(text, path), beside)
        self._active.pop()

    # ------------------------------------------------------------------ modules and code

    def _console(self, program: str, state: ShellState) -> None:
        module = self.environment.module_of(program)
        if module is not None:
            self.imported(module, state, (), inside=False)

    def code(self, code: str, state: ShellState) -> None:
        """Record the modules that code imports, and the scripts that it names."""
        tree = normal_form.parse(code)
        if tree is None:
            return
        imports = imports_of(tree)
        added = tuple(state.path(text[1:]) for text in imports if text.startswith("+"))
        for text in imports:
            where, _, name = text.partition(":")
            for module in (where, f"{where}.{name}"):
                self.imported(module, state, added[1:] if added else ())
        for name in sorted(_texts(tree)):
            for path in self.environment.paths(state.path(name)):
                self.file(path, "executable", (name,), state)

    def module(self, name: str, state: ShellState) -> None:
        """Record a module that is run with ``-m``."""
        parts = name.split(".")
        if not all(map(str.isidentifier, parts)):
            if UNKNOWN in name:
                self.reader.note(f"python -m {name}: can't tell which module it runs")
            return
        first = (state.cwd, *(directory for directory, _ in state.pythonpath))
        for directory in (*first, *self.environment.search):
            below = os.path.join(directory, *parts)
            main = os.path.join(below, "__main__.py")
            if self.environment.exists(main):
                self.use(Use(main, f"{name}.__main__", first))
                return
            if self.environment.exists(below + ".py"):
                self.use(Use(below + ".py", name, first))
                return

    def imported(
        self, module: str, state: ShellState, added: tuple[str, ...], *, inside: bool = True
    ) -> None:
        """Record an imported module if it belongs to the project."""
        parts = module.split(".")
        if not all(map(str.isidentifier, parts)):
            return
        path = tuple(directory for directory, _ in state.pythonpath)
        first = (state.cwd, *path, *added) if inside else path
        elsewhere = () if inside else _editable(parts[0])
        for directory in (*first, *self.environment.search, *elsewhere):
            below = os.path.join(directory, *parts)
            files = (f"{below}.py", f"{below}/__init__.py")
            found = next(filter(self.environment.exists, files), None)
            if found is not None:
                self.use(Use(found, module, (*first, *elsewhere)))
                return


def _editable(name: str) -> tuple[str, ...]:
    """Return the directory of a package in an editable install that is not on ``sys.path``."""
    for finder in sys.meta_path:
        if "editable" not in getattr(finder, "__module__", type(finder).__module__):
            continue
        spec = finder.find_spec(name, None)
        places: Iterable[str] = () if spec is None else spec.submodule_search_locations or ()
        return tuple(os.path.dirname(place) for place in places)
    return ()


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if text.endswith(SUFFIXES) and len(text) < 200 and not is_pattern(text):
                yield text
