"""Which of its arguments a program takes for the script that it runs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_PYTHON = re.compile(r"(python|pythonw|pypy|ipython|py)\d*(\.\d+)*t?")
_STATA = re.compile(r"x?stata(-?(mp|se|be|ic))?(-?64)?")
_WORD = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Script:
    """The names under which a script may be, and whether Python runs it."""

    names: tuple[str, ...]
    python: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What a simple command runs: one of these.

    :ivar script: a file
    :ivar module: dotted name of a Python module
    :ivar inline: another command line
    :ivar code: Python itself
    :ivar variables: what it sets for it, ``NAME=value``
    """

    script: Script | None = None
    module: str | None = None
    inline: str | None = None
    code: str | None = None
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Options:
    """What must be known of a program's options to tell its script from their values.

    :ivar values: options that take the next word
    :ivar files: options whose value is a script
    :ivar inline: options whose value is the program itself
    :ivar first: whether the first word that is no option is the script
    :ivar flags: whether letters may share a dash, the last of them with a value: ``-uW ignore``
    """

    values: frozenset[str]
    files: frozenset[str]
    inline: frozenset[str]
    first: bool
    flags: bool


def _options(
    values: str = "", files: str = "", inline: str = "", *, first: bool = True, flags: bool = False
) -> _Options:
    sets = [frozenset(text.split()) for text in (values, files, inline)]
    return _Options(sets[0], sets[1], sets[2], first, flags)


_SHELL = _options("-o -O +o +O --rcfile --init-file", inline="-c", flags=True)
_AWK = _options("-F -v", "-f --file", first=False, flags=True)
_NODE = _options("-r --require --import --loader -C", inline="-e -p --eval --print")
_PYTHON_OPTIONS = _options("-W -X --check-hash-based-pycs", inline="-c", flags=True)
_INTERPRETERS = {
    **dict.fromkeys(("bash", "dash", "ksh", "sh", "zsh"), _SHELL),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _AWK),
    **dict.fromkeys(("node", "nodejs", "ts-node", "tsx"), _NODE),
    **dict.fromkeys(("octave", "octave-cli"), _options("-p --path", inline="--eval")),
    "R": _options("-g -d --args", "-f --file", "-e", first=False),
    "Rscript": _options(inline="-e"),
    "gnuplot": _options("-e", "-c"),
    "julia": _options("-C -H -J -L -O -g -p -t --threads --procs", "", "-e -E --eval --print"),
    "lua": _options("-l", inline="-e"),
    "perl": _options("-I -M -m", inline="-e -E", flags=True),
    "php": _options("-d -c", "-f --file", "-r"),
    "psql": _options("-U -d -h -p -v -c -o", "-f --file", first=False),
    "ruby": _options("-C -I -r -E", inline="-e", flags=True),
    "sed": _options("-l", "-f --file", first=False, flags=True),
}

#: Programs that run the command behind their options: options with a value, words to pass over.
_WRAPPERS: dict[str, tuple[str, int]] = {
    "builtin": ("", 0),
    "chronic": ("", 0),
    "command": ("", 0),
    "doas": ("-u -C", 0),
    "env": ("-u -C --unset --chdir", 0),
    "exec": ("-a", 0),
    "flock": ("-w -E --timeout", 1),
    "ionice": ("-c -n --class --classdata", 0),
    "mpiexec": ("-n -np -c -H -N --host -host --hostfile -hostfile --map-by --bind-to -x -f", 0),
    "mpirun": ("-n -np -c -H -N --host -host --hostfile -hostfile --map-by --bind-to -x -f", 0),
    "nice": ("-n --adjustment", 0),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "srun": ("-n -N -c -p -t -J -o -e -A -w --ntasks --nodes --partition --time --mem", 0),
    "stdbuf": ("-i -o -e", 0),
    "sudo": ("-u -g -h -p -C -D", 0),
    "taskset": ("", 1),
    "time": ("-f -o --format --output", 0),
    "timeout": ("-s -k --signal --kill-after", 1),
    "unbuffer": ("", 0),
    "xargs": ("-n -I -P -L -d -a -s", 0),
    "xvfb-run": ("-n -s -e -f -p -w --server-num --server-args", 0),
}
#: As before, behind a word of their own.
_RUNNERS = dict.fromkeys(
    ("conda", "hatch", "mamba", "micromamba", "pdm", "pipenv", "pixi", "poetry", "rye", "uv"),
    "-n -p -e --name --prefix --env --with --python --extra --group --project --directory "
    "--env-file --manifest-path --cwd --with-requirements",
)
#: Programs that run a Python script somewhere among their arguments.
_LAUNCHERS = frozenset(
    (
        *("accelerate", "bokeh", "kernprof", "mprof", "panel", "pyinstrument", "scalene"),
        *("spark-submit", "streamlit", "torchrun", "viztracer"),
    )
)
#: Modules that run the script or the module behind their own options.
_RUN_OTHERS = frozenset(
    (
        *("cProfile", "coverage", "debugpy", "ipdb", "line_profiler", "memory_profiler"),
        *("mpi4py", "mpi4py.run", "pdb", "profile", "pyinstrument", "scalene", "trace"),
        "viztracer",
    )
)
_COVERAGE = _options(
    "-o -s --source --omit --include --rcfile --data-file --context --concurrency --debug "
    "--outfile --sort --file --listen",
    flags=True,
)


def is_assignment(word: str) -> bool:
    """Return whether a word before a command sets a variable."""
    return _ASSIGNMENT.match(word) is not None


def calls_of(words: Sequence[str], stdin: str | None = None) -> Iterator[Call]:
    """Yield what a simple command runs.

    :param words: the program and its arguments
    :param stdin: the file that it reads as its input
    """
    variables: list[str] = []
    words = list(words)
    while words:
        if is_assignment(words[0]):
            variables.append(words.pop(0))
            continue
        inner = _behind(words)
        if inner is None:
            break
        words = inner
    if not words:
        return
    for call in _program(words, stdin):
        yield replace(call, variables=tuple(variables))


def _name(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


def _behind(words: list[str]) -> list[str] | None:
    """Return the command that a wrapper runs, None if this is none."""
    name = _name(words[0])
    if name in _WRAPPERS:
        values, skip = _WRAPPERS[name]
        return _past_options(words[1:], values)[skip:]
    if name in _RUNNERS:
        rest = _past_options(words[1:], _RUNNERS[name])
        if rest[:1] == ["run"]:
            rest = _past_options(rest[1:], _RUNNERS[name])
            # `uv run tool.py`: a script, not a program of this name
            return ["python", *rest] if rest and rest[0].endswith(".py") else rest
    return None


def _past_options(words: list[str], values: str) -> list[str]:
    takes = values.split()
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in takes else 1
    return words[at:]


def _program(words: list[str], stdin: str | None) -> Iterator[Call]:
    name, arguments = _name(words[0]), words[1:]
    if _PYTHON.fullmatch(name):
        yield from _python(arguments, _PYTHON_OPTIONS, stdin)
    elif name == "R" and arguments[:2] == ["CMD", "BATCH"]:
        yield from _scripts([word for word in arguments[2:] if not word.startswith("-")][:1])
    elif name in _INTERPRETERS:
        options = _INTERPRETERS[name]
        # What others than these read is their data.
        reads = options.first or name == "R"
        yield from _interpreter(arguments, options, stdin if reads else None)
    elif _STATA.fullmatch(name.lower()):
        yield from _stata(arguments)
    elif name in _OTHERS:
        yield from _OTHERS[name](arguments)
    elif name in _LAUNCHERS:
        yield from _scripts([w for w in arguments if w.endswith(".py")][:1], python=True)
    elif "/" in words[0]:
        yield from _scripts(words[:1], python=True)


def _scripts(names: Sequence[str], *, python: bool = False) -> Iterator[Call]:
    for name in names:
        yield Call(Script((name,), python))


def _python(arguments: list[str], options: _Options, stdin: str | None) -> Iterator[Call]:
    at, letter, value = _first(arguments, options, extra="m")
    if letter == "m" and value is not None:
        if value in _RUN_OTHERS:
            rest = [word for word in arguments[at:] if word != "run"]
            yield from _python(rest, _COVERAGE, None)
        yield Call(module=value)
    elif letter == "c" and value is not None:
        yield Call(code=value)
    elif letter is None and value is not None:
        # A directory is run by what its __main__ holds.
        yield Call(Script((value, f"{value}/__main__.py"), True))
    elif letter is None and stdin is not None:
        yield Call(Script((stdin,), True))


def _interpreter(arguments: list[str], options: _Options, stdin: str | None) -> Iterator[Call]:
    _, letter, value = _first(arguments, options)
    if letter == "c" and options is _SHELL and value is not None:
        yield Call(inline=value)
    elif letter in {None, "file"} and value is not None:
        yield Call(Script((value,)))
    elif letter is None and stdin is not None:
        yield Call(Script((stdin,)))


def _first(
    arguments: list[str], options: _Options, extra: str = ""
) -> tuple[int, str | None, str | None]:
    """Look for what decides which program is run.

    :param extra: letters of options that decide as well
    :returns: where its arguments begin; None for a script, ``file`` for the value of an option
        that names one, the letter of any other option; its value
    """
    at = 0
    while at < len(arguments):
        word = arguments[at]
        following = arguments[at + 1] if at + 1 < len(arguments) else None
        if word == "--":
            return at + 2, None, following
        if word == "-":
            return at + 1, "-", None
        if not word.startswith(("-", "+")):
            return (at + 1, None, word) if options.first else (at + 1, None, None)
        name, equals, value = word.partition("=")
        if name in options.files:
            return at + 2, "file", value if equals else following
        if name in options.inline:
            return at + 2, name.strip("-"), following
        option, rest = _letters(word, options, extra)
        if option in options.files:
            return at + 2, "file", rest or following
        if option in options.inline or (option != "-" and option[1:] in extra):
            return at + (1 if rest else 2), option[1:], rest or following
        at += 2 if word in options.values or (option != "-" and not rest) else 1
    return at, None, None


def _letters(word: str, options: _Options, extra: str) -> tuple[str, str]:
    """Return the first option with a value among flags that share a dash, and the rest."""
    if options.flags and not word.startswith("--"):
        for at, letter in enumerate(word[1:], start=1):
            option = f"-{letter}"
            if letter in extra or any(
                option in known for known in (options.values, options.inline, options.files)
            ):
                return option, word[at + 1 :]
    return "-", ""


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


def _coverage(arguments: list[str]) -> Iterator[Call]:
    if arguments[:1] == ["run"]:
        yield from _python(arguments[1:], _COVERAGE, None)


def _sourced(arguments: list[str]) -> Iterator[Call]:
    yield from _scripts(arguments[:1])


_OTHERS: dict[str, Callable[[list[str]], Iterator[Call]]] = {
    ".": _sourced,
    "coverage": _coverage,
    "coverage3": _coverage,
    "matlab": _matlab,
    "source": _sourced,
}
