"""The table of programs that run scripts; plugins add programs in the same form."""

# ruff: noqa: E501 - a table
from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doit_invariants.core.errors import InvalidOption

#: Suffixes of scripts. Code that names such a file may run it.
SUFFIXES = (".py", ".pyw", ".sh", ".bash", ".R", ".r", ".jl", ".pl", ".rb", ".js", ".ipynb")
#: The values of ``follow``.
FOLLOWS = (
    *("content", "alone", "python", "shell", "notebook", "make", "pytest", "unittest"),
    *("command", "unseen"),
)


@dataclass(frozen=True, slots=True)
class Program:
    """Which script a program runs, and how to read that script.

    :ivar names: names of the program without a version, separated by blanks: ``"python pypy"``
    :ivar script: the operand that names the script: its number from 1; or suffixes like
        ``".py .ipynb"`` for the first operand with such a suffix; 0 if only options name a script.
        For ``follow="command"``, the number of the operand that begins the command
    :ivar follow: how the script is read. ``"content"``: it counts by its content, and what it runs
        is not looked into; ``"alone"``: it counts by its content and runs nothing else;
        ``"python"``, ``"shell"``, ``"notebook"``, ``"make"``: it is read as such; ``"command"``:
        the program runs the command in its arguments; ``"pytest"``, ``"unittest"``: the program
        takes the same arguments as these; ``"unseen"``: it is unknown what the program runs
    :ivar values: options that take the next word, or the next two with ``-p:2``
    :ivar files: options whose value is the script
    :ivar inline: options whose value is the code itself, not a file
    :ivar module: options whose value is the dotted name of a Python module to run
    :ivar directory: options whose value is the directory in which it runs
    :ivar after: subcommands: one of them must precede the script: ``"run"``
    :ivar needs: an option without which it runs nothing
    :ivar flags: whether one-letter options may share a dash, the last with a value: ``-uW ignore``
    """

    names: str
    script: int | str = 1
    follow: str = "content"
    values: str = ""
    files: str = ""
    inline: str = ""
    module: str = ""
    directory: str = ""
    after: str = ""
    needs: str = ""
    flags: bool = False

    def check(self, plugin: str) -> None:
        """Check the fields that a plugin set; raises InvalidOption."""
        texts = [name for name in self.__slots__ if name not in {"script", "flags"}]
        for name in texts:
            if not isinstance(getattr(self, name), str):
                raise InvalidOption(
                    f"plugin {plugin!r}: Program: {name} must be a string with words like "
                    f"'-c --config', got {getattr(self, name)!r:.60}"
                )
        if not self.names.split():
            raise InvalidOption(f"plugin {plugin!r}: Program: names must hold a name like 'tool'")
        if self.follow not in FOLLOWS:
            raise InvalidOption(
                f"plugin {plugin!r}: Program({self.names!r}): follow must be one of "
                f"{', '.join(FOLLOWS)}, got {self.follow!r:.60}"
            )
        if type(self.script) not in {int, str}:
            raise InvalidOption(
                f"plugin {plugin!r}: Program({self.names!r}): script must be the number of an "
                f"argument or a suffix like '.py', got {self.script!r:.60}"
            )


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a program by role; ``values`` has the number of words that each takes."""

    values: Mapping[str, int]
    files: frozenset[str]
    inline: frozenset[str]
    module: frozenset[str]
    directory: frozenset[str]

    def role(self, option: str) -> str | None:
        """Return the role of the value of an option, None if it takes none."""
        for role in ("files", "inline", "module", "directory"):
            if option in getattr(self, role):
                return role
        return "values" if option in self.values else None


@functools.cache
def options(program: Program) -> Options:
    """Return the options of a program."""
    pairs = (text.partition(":") for text in program.values.split())
    values = {name: int(count) if count.isdecimal() else 1 for name, _, count in pairs}
    sets = (program.files, program.inline, program.module, program.directory)
    files, inline, module, directory = (frozenset(text.split()) for text in sets)
    return Options(values, files, inline, module, directory)


_MPI = "-n -np -c -H -N --host -host --hostfile -hostfile --map-by --bind-to -x -f"
_ENVIRONMENT = (
    "-n -p -e --name --prefix --env --with --python --extra --group --project --env-file "
    "--manifest-path --with-requirements --with-editable --only-group --no-group --index "
    "--default-index --find-links --refresh-package --package --python-platform"
)
_DEBUGGED = (
    "-o -s --source --omit --include --rcfile --data-file --context --concurrency --debug "
    "--outfile --sort --file --listen"
)
_NOTEBOOK = "--to --output --output-dir --config --template --log-level --timeout --kernel_name"
_PAPERMILL = (
    "-p:2 --parameters:2 -r:2 --parameters_raw:2 -f --parameters_file -y --parameters_yaml -b "
    "--parameters_base64 -k --kernel -l --language --engine --start_timeout --execution_timeout "
    "--log-level --cwd --autosave-cell-every"
)
_STATA = " ".join(
    f"{x}stata{edition}{bits}"
    for x in ("", "x")
    for edition in ("", *(dash + e for e in ("mp", "se", "be", "ic") for dash in ("", "-")))
    for bits in ("", "64", "-64")
)

PROGRAMS: tuple[Program, ...] = (
    # ------------------------------------------------------------------ Python
    Program(
        "python pythonw pypy ipython py", follow="python", inline="-c", module="-m", flags=True,
        values="-W -X --check-hash-based-pycs",
    ),
    Program("coverage coverage3", after="run", follow="python", module="-m", values=_DEBUGGED),
    Program(
        "cProfile debugpy ipdb line_profiler memory_profiler mpi4py mpi4py.run pdb profile trace",
        follow="python", module="-m", inline="-c", values=_DEBUGGED,
    ),
    Program(
        "accelerate bokeh kernprof mprof panel pyinstrument scalene spark-submit streamlit "
        "torchrun viztracer torch.distributed.run torch.distributed.launch deepspeed",
        script=".py", follow="python", module="-m",
    ),
    Program("memray", after="run", follow="python", module="-m", values="-o --output"),
    Program("doctest", follow="python", values="-o"),
    Program("timeit", follow="python", inline="-s --setup", values="-n -r -u --number --repeat --unit"),
    Program("pytest py.test", follow="pytest"),
    Program("unittest", follow="unittest"),
    # ------------------------------------------------------------------ notebooks and documents
    Program("jupyter", after="nbconvert", needs="--execute", script=".ipynb", follow="notebook", values=_NOTEBOOK),
    Program("jupyter-nbconvert nbconvert", needs="--execute", script=".ipynb", follow="notebook", values=_NOTEBOOK),
    Program("jupyter", after="execute run", script=".ipynb", follow="notebook"),
    Program("jupyter-execute jupyter-run nbclient runipy runnb", script=".ipynb", follow="notebook"),
    Program("papermill", follow="notebook", values=_PAPERMILL),
    Program("quarto", after="render preview run", script=".ipynb .qmd .md .py .R .Rmd", follow="notebook"),
    Program("jupytext", needs="--execute", script=".ipynb .py .md .Rmd", follow="notebook"),
    Program("marimo", after="run export edit", script=".py", follow="python"),
    # ------------------------------------------------------------------ shells
    Program(
        "bash dash ksh sh zsh", follow="shell", inline="-c", flags=True,
        values="-o -O +o +O --rcfile --init-file",
    ),
    Program("sbatch qsub", follow="shell", values="-n -N -c -p -t -J -o -e -A -w -l -q -j -S -m -M -v"),
    # ------------------------------------------------------------------ other languages
    Program("awk gawk mawk nawk", script=0, follow="alone", files="-f --file", values="-F -v", flags=True),
    Program("gnuplot", follow="alone", files="-c", values="-e"),
    Program("julia", inline="-e -E --eval --print", values="-C -H -J -L -O -g -p -t --threads --procs"),
    Program("lua luajit", inline="-e", values="-l"),
    Program("node nodejs ts-node tsx", inline="-e -p --eval --print", values="-r --require --import --loader -C"),
    Program("octave octave-cli", inline="--eval", values="-p --path"),
    Program("perl", inline="-e -E", values="-I -M -m", flags=True),
    Program("php", inline="-r", files="-f --file", values="-d -c"),
    Program("psql", script=0, follow="alone", files="-f --file", values="-U -d -h -p -v -c -o"),
    Program("R", script=0, inline="-e", files="-f --file", values="-g -d --args"),
    Program("Rscript", inline="-e"),
    Program("ruby", inline="-e", values="-C -I -r -E", flags=True),
    Program("sed", script=0, follow="alone", files="-f --file", values="-l", flags=True),
    Program(_STATA, script=0),
    Program("matlab", script=0),
    # ------------------------------------------------------------------ make
    Program(
        "make gmake", script=0, follow="make", files="-f --file --makefile",
        directory="-C --directory", values="-j -l -I -o -W", flags=True,
    ),
    # ------------------------------------------------------------------ programs that run a command
    Program("builtin chronic command nohup setsid time unbuffer", follow="command", values="-f -o --format --output"),
    Program("caffeinate catchsegv winpty", follow="command", values="-t -w"),
    Program("doas", follow="command", values="-u -C"),
    Program(
        "env", follow="command", values="-u --unset", directory="-C --chdir",
        inline="-S --split-string -vS",
    ),
    Program("exec", follow="command", values="-a"),
    Program("flock", script=2, follow="command", values="-w -E --timeout", inline="-c --command"),
    Program("ionice", follow="command", values="-c -n --class --classdata"),
    Program("mpiexec mpirun", follow="command", values=_MPI),
    Program("nice", follow="command", values="-n --adjustment"),
    Program("numactl", follow="command", values="-N -m -C -i"),
    Program("perf", after="record stat", follow="command", values="-e -o -F -r"),
    Program("parallel", follow="command", values="-j -a -N -n --jobs --joblog --colsep -I --delay"),
    Program("srun", follow="command", values="-n -N -c -p -t -J -o -e -A -w --ntasks --nodes --partition --time --mem"),
    Program("stdbuf", follow="command", values="-i -o -e"),
    Program("strace ltrace", follow="command", values="-e -o -p -s -u -E"),
    Program("sudo", follow="command", values="-u -g -h -p -C", directory="-D --chdir"),
    Program("taskset", script=2, follow="command"),
    Program("timeout gtimeout", script=2, follow="command", values="-s -k --signal --kill-after"),
    Program("valgrind", follow="command"),
    Program("horovodrun aprun ibrun jsrun watch", follow="command", values="-n -np -N -H -d"),
    Program("nsys py-spy", after="profile record top", follow="command", values="-o -d -r -f -t"),
    Program("xargs", follow="command", values="-n -I -P -L -d -a -s -E --max-args --max-procs --delimiter --arg-file"),
    Program("xvfb-run", follow="command", values="-n -s -e -f -p -w --server-num --server-args"),
    Program("uv", after="run", follow="command", values=_ENVIRONMENT, files="-s --script", module="-m --module", directory="--directory"),
    Program("uvx", follow="command", values=_ENVIRONMENT + " --from -w -c -b", directory="--directory"),
    Program(
        "conda hatch mamba micromamba pdm pipenv pixi poetry rye", after="run", follow="command",
        values=_ENVIRONMENT, directory="--cwd --directory -C",
    ),
    # ------------------------------------------------------------------ not looked into
    Program(
        "bazel cmake docker fab invoke just meson ninja nox npm npx pnpm podman rake scons snakemake "
        "nextflow apptainer singularity ssh tox yarn",
        follow="unseen",
    ),
)  # fmt: skip

_VERSION = re.compile(r"-?\d+(\.\d+)*t?$")


class Table:
    """Programs by name; programs of plugins come first."""

    def __init__(self, more: Iterable[Program] = ()) -> None:
        more = tuple(more)
        #: The names of programs that plugins define.
        self.added = frozenset(name for program in more for name in program.names.split())
        self._by_name: dict[str, list[Program]] = {}
        for program in (*more, *PROGRAMS):
            for name in program.names.split():
                self._by_name.setdefault(name, []).append(program)

    def programs(self, name: str) -> list[Program]:
        """Return the programs with a name, which may end in a version."""
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name.get(_VERSION.sub("", name))
        if found is None and name.lower().startswith(("stata", "xstata")):
            found = self._by_name.get(name.lower())
        return found or []
