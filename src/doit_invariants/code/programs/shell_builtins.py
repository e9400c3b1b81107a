"""Shell builtins that change the directory or variables, and programs with known output."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from doit_invariants.code.programs.arguments import Input, is_assignment
from doit_invariants.code.programs.expand import UNKNOWN

if TYPE_CHECKING:
    from doit_invariants.code.programs.reader import Reader
    from doit_invariants.code.programs.shell_state import ShellState

Builtin = Callable[["Reader", "list[str]", "Input | None", "ShellState"], "Input | None"]


def assign(raw: str, value: str, state: ShellState) -> None:
    """Set a variable as in ``NAME=value``.

    :param raw: the assignment as written
    :param value: the expanded value
    """
    name, _, written = raw.partition("=")
    append, name = name.endswith("+"), name.removesuffix("+")
    if name == "PYTHONPATH":
        written = re.sub(r"['\"]", "", written)
        plain = {state.path(part) for part in written.split(os.pathsep) if "$" not in part}
        parts = [part for part in value.split(os.pathsep) if part and UNKNOWN not in part]
        paths = [state.path(part) for part in parts]
        state.pythonpath = tuple((path, path in plain) for path in dict.fromkeys(paths))
    else:
        state.assign(name, value, append=append)


def _cd(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    there = [word for word in words[1:] if not re.fullmatch(r"--|-[LPe@]+", word)]
    target = there[0] if there else state.lookup("HOME") or UNKNOWN
    before = state.cwd
    if words[0] == "pushd":
        state.pushed.append(state.cwd)
    if target == "-":
        target = state.values.get("OLDPWD", (UNKNOWN,))[0]
    state.cwd = state.path(target)
    state.values["OLDPWD"] = (before,)


def _popd(_reader: Reader, _words: list[str], _stdin: Input | None, state: ShellState) -> None:
    if state.pushed:
        state.cwd = state.pushed.pop()


def _export(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    for word in words[1:]:
        if is_assignment(word):
            assign(word, word.partition("=")[2], state)


def _eval(reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    reader.line(" ".join(words[1:]), state)


def _trap(reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    if len(words) > 2:
        reader.line(words[1], state.copy())


def _set(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    if "--" in words:
        first = (state.arguments or ("sh",))[:1]
        state.arguments = (*first, *words[words.index("--") + 1 :])


def _shift(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    count = int(words[1]) if words[1:] and words[1].isdecimal() else 1
    if state.arguments is not None:
        state.arguments = (*state.arguments[:1], *state.arguments[1 + count :])


def _read(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> None:
    for word in words[1:]:
        if word.isidentifier():
            state.choose(word, [UNKNOWN])


def _echo(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> Input:
    given = words[1:]
    while given and re.fullmatch(r"-[neE]+", given[0]):
        given = given[1:]
    return _writes(" ".join(given), state)


def _printf(_reader: Reader, words: list[str], _stdin: Input | None, state: ShellState) -> Input:
    form, given = "".join(words[1:2]), words[2:]
    form = form.replace("\\n", "\n").replace("\\t", "\t")
    parts = form.split("%s")
    if "%" in "".join(parts):
        return _writes(UNKNOWN, state)
    if len(parts) == 1:
        return _writes(form, state)
    given = given[: len(parts) - 1] + [""] * (len(parts) - 1 - len(given))
    return _writes("".join(p + g for p, g in zip(parts, [*given, ""], strict=True)), state)


def _cat(
    _reader: Reader, words: list[str], stdin: Input | None, _state: ShellState
) -> Input | None:
    files = [word for word in words[1:] if word == "-" or not word.startswith("-")]
    if files in ([], ["-"]):
        return stdin
    return Input(files=tuple(files))


def _pwd(_reader: Reader, _words: list[str], _stdin: Input | None, state: ShellState) -> Input:
    return _writes(state.cwd, state)


def _of_path(function: Callable[[str, ShellState], str]) -> Builtin:
    def builtin(
        _reader: Reader, words: list[str], _stdin: Input | None, state: ShellState
    ) -> Input | None:
        given = [word for word in words[1:] if not word.startswith("-")]
        if not given or UNKNOWN in given[0]:
            return None
        text = function(given[0], state)
        if words[0] == "basename" and len(given) > 1:
            text = text.removesuffix(given[1])
        return _writes(text, state)

    return builtin


def _which(
    reader: Reader, words: list[str], stdin: Input | None, state: ShellState
) -> Input | None:
    if words[0] == "which" or words[1:2] in (["-v"], ["-V"]):
        return _writes(words[-1], state)
    rest = words[2:] if words[1:2] == ["-p"] else words[1:]
    return reader.command(rest, state, (), stdin)


def _writes(text: str, state: ShellState) -> Input:
    state.output = text
    return Input(text=text if UNKNOWN not in text else None)


def _nothing(_reader: Reader, _words: list[str], _stdin: Input | None, _state: ShellState) -> None:
    """Ignore a command that never runs a script, without looking for it on PATH."""


#: Commands that never run a script.
QUIET = frozenset(
    (
        *("true", "false", ":", "test", "[", "exit", "return", "rm", "mkdir", "cp", "mv", "ls"),
        *("touch", "grep", "sort"),
    )
)
BUILTINS: dict[str, Builtin] = {
    **dict.fromkeys(("export", "local", "declare", "typeset", "readonly"), _export),
    **dict.fromkeys(("which", "command"), _which),
    **dict.fromkeys(("cd", "pushd", "chdir"), _cd),
    **dict.fromkeys(QUIET, _nothing),
    **dict.fromkeys(("realpath", "readlink"), _of_path(lambda path, state: state.path(path))),
    "basename": _of_path(lambda path, _: os.path.basename(path.rstrip("/"))),
    "cat": _cat,
    "dirname": _of_path(lambda path, _: os.path.dirname(path) or "."),
    "echo": _echo,
    "eval": _eval,
    "popd": _popd,
    "printf": _printf,
    "pwd": _pwd,
    "read": _read,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
}
