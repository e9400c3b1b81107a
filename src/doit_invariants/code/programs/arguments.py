"""Finds the script among the arguments of a program."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from doit_invariants.code.programs.expand import UNKNOWN
from doit_invariants.code.programs.table import Program, Table, options

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_WORD = re.compile(r"[\w./-]+")
_SHELL_ENDS = {";", "+", "\\;"}


@dataclass(frozen=True, slots=True)
class Script:
    """The names that a script may have, and how it is read."""

    names: tuple[str, ...]
    follow: str = "content"


@dataclass(frozen=True, slots=True)
class Input:
    """What a command reads from its standard input: files, or a known string."""

    files: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a simple command runs: one of the fields up to ``unseen`` is set.

    :ivar script: a file
    :ivar module: dotted name of a Python module
    :ivar inline: another command line
    :ivar code: Python code
    :ivar words: another command, as words
    :ivar suite: ``pytest``, ``unittest`` or ``make``: its arguments determine what it runs
    :ivar unseen: why it can't be determined, for people
    :ivar arguments: the arguments of the script or the suite
    :ivar variables: the variables that the command sets for it, ``NAME=value``
    :ivar directory: where it runs, None for the current directory
    """

    script: Script | None = None
    module: str | None = None
    inline: str | None = None
    code: str | None = None
    words: tuple[str, ...] | None = None
    suite: str | None = None
    unseen: str | None = None
    arguments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    directory: str | None = None


def is_assignment(word: str) -> bool:
    """Return whether a word before a command sets a variable."""
    return _ASSIGNMENT.match(word) is not None


def calls_of(words: Sequence[str], stdin: Input | None, table: Table) -> Iterator[Call]:
    """Yield what a simple command runs.

    :param words: the program and its arguments
    :param stdin: its standard input, None if unknown
    """
    count = next((n for n, word in enumerate(words) if not is_assignment(word)), len(words))
    if count == len(words):
        return
    variables, words = tuple(words[:count]), list(words[count:])
    reader = _Reader(table, stdin)
    for call in reader.program(name_of(words[0]), words):
        yield replace(call, variables=variables) if variables else call


def name_of(word: str) -> str:
    """Return the name of a program without its directory."""
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


@dataclass(slots=True)
class _Found:
    """The meaning of the options of a program.

    :ivar role, value: the word that determines what runs: an ``operand``, or the value of an option
    :ivar rest: the words after it
    """

    role: str | None = None
    value: str | None = None
    rest: list[str] = field(default_factory=list)
    directory: str | None = None


class _Reader:
    def __init__(self, table: Table, stdin: Input | None) -> None:
        self.table = table
        self.stdin = stdin

    def program(self, name: str, words: list[str]) -> Iterator[Call]:
        """Yield what a program runs."""
        arguments = words[1:]
        if name in SPECIAL:
            yield from SPECIAL[name](arguments)
            return
        if name == "R" and arguments[:2] == ["CMD", "BATCH"]:
            scripts = [word for word in arguments[2:] if not word.startswith("-")]
            yield from (Call(Script((name,))) for name in scripts[:1])
            return
        known = self.table.programs(name)
        program = next((one for one in known if _applies(one, arguments)), None)
        if program is not None:
            yield from self._known(program, name, arguments)
        elif not known and "/" in words[0]:
            yield Call(Script((words[0],), "executable"), arguments=tuple(arguments))
        elif not known:
            yield from self._unknown(words)

    @staticmethod
    def _unknown(words: list[str]) -> Iterator[Call]:
        """Yield what an unknown program may run: its name is in a variable, or it is a script."""
        if UNKNOWN in words[0]:
            suffixed = [word for word in words[1:] if word.endswith((".py", ".sh", ".R"))]
            if suffixed:
                follow = {"py": "python", "sh": "shell"}.get(suffixed[0].rpartition(".")[2])
                yield Call(Script((suffixed[0],), follow or "content"))
            else:
                yield Call(unseen="the program is named by a variable")
        else:
            yield Call(Script((words[0],), "console"))

    def _known(self, program: Program, name: str, arguments: list[str]) -> Iterator[Call]:
        if program.follow == "unseen":
            yield Call(unseen=f"can't tell what {name} runs")
        elif program.follow in {"pytest", "unittest"}:
            yield Call(suite=program.follow, arguments=tuple(arguments))
        elif name in _BY_WORDS or name.lower().lstrip("x").startswith("stata"):
            yield from _BY_WORDS.get(name, _stata)(arguments)
        elif program.follow == "make":
            yield from self._make(program, arguments)
        else:
            if program.after:
                arguments = _behind(program, arguments)
            yield from self._by_options(program, arguments)

    def _make(self, program: Program, arguments: list[str]) -> Iterator[Call]:
        directory, files, rest = None, [], []
        found = _Found(rest=arguments)
        while found.rest:
            found = scan(program, found.rest)
            directory = found.directory or directory
            if found.role == "files" and found.value is not None:
                files += ["-f", found.value]
            elif found.role == "operand" and found.value is not None:
                rest.append(found.value)
        yield Call(suite="make", arguments=(*files, *rest), directory=directory)

    def _by_options(self, program: Program, arguments: list[str]) -> Iterator[Call]:
        number, directory, found = 0, None, _Found(rest=arguments)
        while True:
            found = scan(program, found.rest)
            directory = found.directory or directory
            if found.role != "operand":
                break
            number += 1
            if isinstance(program.script, str):
                if str(found.value).endswith(tuple(program.script.split())):
                    yield self._operand(program, found, directory)
                    if program.follow != "notebook":
                        return
            elif number == program.script:
                yield self._operand(program, found, directory)
                return
            elif program.script == 0 and not program.files:
                return
        yield from self._decided(program, found, directory)

    def _operand(self, program: Program, found: _Found, directory: str | None) -> Call:
        value, rest = str(found.value), tuple(found.rest)
        if program.follow == "command":
            if value.endswith((".py", ".pyw")) and "/" not in value:
                return Call(words=("python", value, *rest), directory=directory)
            return Call(words=(value, *rest), directory=directory)
        # Python runs the __main__.py of a directory.
        names = (value, f"{value}/__main__.py") if program.follow == "python" else (value,)
        return Call(Script(names, program.follow), arguments=rest, directory=directory)

    def _decided(self, program: Program, found: _Found, directory: str | None) -> Iterator[Call]:
        value = found.value
        if value is not None and found.role == "module":
            if any(one.follow in _OF_MODULES for one in self.table.programs(value)):
                for run in self.program(value, [value, *found.rest]):
                    yield replace(run, directory=directory or run.directory)
            yield Call(module=value, directory=directory)
        elif value is not None and found.role == "inline":
            if program.follow == "python":
                yield Call(code=value, directory=directory)
            elif program.follow in {"shell", "command"}:
                text = value if program.follow == "shell" else " ".join([value, *found.rest])
                arguments = tuple(found.rest) if program.follow == "shell" else ()
                yield Call(inline=text, arguments=arguments, directory=directory)
        elif value is not None and found.role == "files":
            follow = "python" if program.follow == "command" else program.follow
            yield Call(Script((value,), follow), arguments=tuple(found.rest))
            if program.script == 0:
                yield from self._by_options(program, found.rest)
        elif found.role is None or found.role == "stdin":
            yield from self._from_stdin(program)

    def _from_stdin(self, program: Program) -> Iterator[Call]:
        # All other programs read data.
        if self.stdin is None or (program.script != 1 and program.names != "R"):
            return
        for file in self.stdin.files:
            yield Call(Script((file,), program.follow))
        if self.stdin.text is not None and program.follow == "python":
            yield Call(code=self.stdin.text)
        elif self.stdin.text is not None and program.follow == "shell":
            yield Call(inline=self.stdin.text)


def scan(program: Program, words: list[str]) -> _Found:
    """Find the first operand, or the first option that determines what runs."""
    known = options(program)
    found = _Found()
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return _at(found, "operand", words, at + 1)
        if word == "-":
            return _at(found, "stdin", words, at)
        if not word.startswith(("-", "+")):
            return _at(found, "operand", words, at)
        option, given = _split(word, program)
        role = known.role(option)
        taken = known.values.get(option, 1) if role is not None and given is None else 0
        value = given if given is not None else (words[at + 1] if at + 1 < len(words) else None)
        at += 1 + taken
        if role == "directory":
            found.directory = value
        elif role in {"files", "inline", "module"}:
            found.role, found.value, found.rest = role, value, words[at:]
            return found
    return found


def _at(found: _Found, role: str, words: list[str], at: int) -> _Found:
    if at < len(words):
        found.role, found.value, found.rest = role, words[at], words[at + 1 :]
    return found


def _split(word: str, program: Program) -> tuple[str, str | None]:
    """Return an option and the value in the same word, None if there is none."""
    known = options(program)
    name, equals, value = word.partition("=")
    if known.role(word) is not None:
        return word, None
    if equals and known.role(name) is not None:
        return name, value
    if program.flags and not word.startswith("--"):
        for at, letter in enumerate(word[1:], start=1):
            if known.role(f"-{letter}") is not None:
                return f"-{letter}", word[at + 1 :] or None
    elif len(word) > 2 and word[1] != "-" and known.role(word[:2]) not in {None, "values"}:
        return word[:2], word[2:]  # env -Cdir
    return word, None


def _applies(program: Program, arguments: list[str]) -> bool:
    if program.needs and program.needs not in arguments:
        return False
    return not program.after or _sub_command(program, arguments) is not None


def _sub_command(program: Program, arguments: list[str]) -> int | None:
    """Return the place of the subcommand, None if the program needs another one."""
    at = 0
    known = options(program)
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 1 + (known.values.get(arguments[at], 0) or (arguments[at] in known.directory))
    return at if arguments[at : at + 1] and arguments[at] in program.after.split() else None


def _behind(program: Program, arguments: list[str]) -> list[str]:
    at = _sub_command(program, arguments)
    return arguments if at is None else [*arguments[:at], *arguments[at + 1 :]]


def _stata(arguments: list[str]) -> Iterator[Call]:
    words = [word for word in arguments if not word.startswith(("-", "/"))]
    if words and words[0] in {"do", "run"}:
        words = words[1:]
    if words:
        yield Call(Script((words[0], f"{words[0]}.do")))


def _matlab(arguments: list[str]) -> Iterator[Call]:
    for option, value in itertools.pairwise(arguments):
        if option in {"-batch", "-r"}:
            for word in _WORD.findall(value):
                yield Call(Script((f"{word}.m", word)))


def _sourced(arguments: list[str]) -> Iterator[Call]:
    for name in arguments[:1]:
        yield Call(Script((name,), "source"), arguments=tuple(arguments[1:]))


def _find(arguments: list[str]) -> Iterator[Call]:
    """Yield the commands that ``find`` runs for each file."""
    at = 0
    while at < len(arguments):
        if arguments[at] in {"-exec", "-execdir", "-ok", "-okdir"}:
            ends = (n for n in range(at, len(arguments)) if arguments[n] in _SHELL_ENDS)
            end = next(ends, len(arguments))
            yield Call(words=tuple(arguments[at + 1 : end]))
            at = end
        at += 1


#: Ways to read a program that is run as a module; other programs of the same name do not count.
_OF_MODULES = frozenset({"python", "pytest", "unittest", "notebook"})
_BY_WORDS: dict[str, Callable[[list[str]], Iterator[Call]]] = {"matlab": _matlab}
#: Builtins of a shell, and programs with a special syntax for their arguments.
SPECIAL: dict[str, Callable[[list[str]], Iterator[Call]]] = {
    ".": _sourced,
    "find": _find,
    "source": _sourced,
}
