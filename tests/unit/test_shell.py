"""Which scripts of the project a command runs, by its text."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.code.programs.commands import read
from doit_invariants.code.programs.environment import Environment, Use
from tests.support.choices import examples

ROOT = "/p"


def scripts(
    command: str | Sequence[str],
    cwd: str,
    exists: Callable[[str], bool],
    search: Sequence[str] = (),
) -> list[Use]:
    """Return the scripts that a command runs, in its order, each once."""
    return list(read(command, cwd, Environment(exists, search)).uses)


FILES = """
x.py y.py sub/x.py sub/deep/z.py x.sh sub/x.sh x.R x.do x.pl x.rb x.js x.jl x.m x.php x.lua x.awk
x.sed x.gp x.sql tools/build.sh tools/run app/__main__.py pkg/__init__.py pkg/mod.py
pkg/app/__main__.py sub/other/mod.py src/inner/mod.py data.csv a.py
""".split()  # noqa: SIM905 - a table
PRESENT = {f"{ROOT}/{path}" for path in FILES} | {f"{ROOT}/with space.py"}

COMMANDS = {
    "python": ("python x.py", "x.py"),
    "python with a version": ("python3.11 -u -W ignore x.py --fast y.py", "x.py"),
    "python by its path": ("/usr/bin/python3 -Wignore -X dev x.py", "x.py"),
    "python of a virtual environment": (".venv/bin/python x.py", "x.py"),
    "python for Windows": ("python.exe x.py", "x.py"),
    "other pythons": ("pypy3 x.py; ipython --pdb y.py; python3.13t a.py", "x.py y.py a.py"),
    "flags that share a dash": ("python -uOW ignore x.py", "x.py"),
    "end of the options": ("python -- x.py", "x.py"),
    "module": ("python -m pkg.mod x.py", "pkg.mod"),
    "module without a space": ("python -um pkg.mod", "pkg.mod"),
    "module that is a package": ("python -m pkg.app", "pkg.app.__main__"),
    "module that is not of the project": ("python -m http.server 8000", ""),
    "module behind a module": ("python -m coverage run --source pkg -m pkg.mod", "pkg.mod"),
    "script behind a module": ("python -m cProfile -o out.prof x.py", "x.py"),
    "module on the search path": ("python -m inner.mod", "inner.mod"),
    "directory": ("python app", "app/__main__.py"),
    "program in the text": ("python -c 'import x' y.py", "x"),
    "present directory": ('python "$PWD/x.py"; bash ${PWD}/x.sh', "x.py x.sh"),
    "output within quotes": ('echo "$(python x.py) `bash x.sh`"', "x.py x.sh"),
    "output within output": ("echo $(echo $(python x.py))", "x.py"),
    "no output": ("echo '$(python x.py)'", ""),
    "program from a pipe": ("cat x.py | python -", "x.py"),
    "program as the input": ("python < x.py", "x.py"),
    "coverage": ("coverage run --source pkg -a x.py y.py", "x.py"),
    "tools of uv": ("uvx --from . python x.py; uvx --with pkg pytest y.py", "x.py y.py"),
    "what is timed": ("python -m timeit -n 5 -s 'import x' 'x.f()'", "x"),
    "coverage of a module": ("coverage run -m pkg.mod", "pkg.mod"),
    "coverage otherwise": ("coverage html x.py", ""),
    "pytest": ("pytest tests/ x.py", "x.py"),
    "launchers": ("streamlit run x.py; torchrun --nproc_per_node 2 y.py", "x.py y.py"),
    "bash": ("bash x.sh y.py", "x.sh"),
    "sh with options": ("sh -ex -o pipefail x.sh", "x.sh"),
    "source": ("source x.sh && . sub/x.sh", "x.sh sub/x.sh"),
    "shell in a shell": ("bash -ec 'cd sub && python x.py' y.py", "sub/x.py"),
    "Rscript": ("Rscript --vanilla x.R 1 2", "x.R"),
    "Rscript with an expression": ("Rscript -e 'source(\"x.R\")'", ""),
    "R CMD BATCH": ("R CMD BATCH --no-save x.R out.txt", "x.R"),
    "R with a file": ("R --no-save -f x.R", "x.R"),
    "R with a long option": ("R --file=x.R", "x.R"),
    "R with an input": ("R --no-save < x.R", "x.R"),
    "stata": ("stata-mp -b do x.do", "x.do"),
    "stata without a suffix": ("StataMP -e do x", "x.do"),
    "stata by its path": ("/usr/local/stata17/xstata-se -q do x.do 1", "x.do"),
    "perl": ("perl -w -I lib x.pl; perl -ne 'print' y.py", "x.pl"),
    "ruby": ("ruby x.rb", "x.rb"),
    "node": ("node --require ts x.js; node -e 1 x.js", "x.js"),
    "julia": ("julia --project=. -t 4 x.jl", "x.jl"),
    "octave": ("octave --no-gui x.m", "x.m"),
    "matlab": ("matlab -batch x", "x.m"),
    "matlab with a statement": ("matlab -nodisplay -r \"run('x.m'); exit\"", "x.m"),
    "php": ("php -f x.php", "x.php"),
    "lua": ("lua x.lua", "x.lua"),
    "awk": ("awk -F, -v a=1 -f x.awk data.csv", "x.awk"),
    "awk with a program": ("awk '{print}' data.csv", ""),
    "sed": ("sed -nf x.sed data.csv; sed s/a/b/ x.py", "x.sed"),
    "gnuplot": ("gnuplot -persist -e 'a=1' x.gp", "x.gp"),
    "gnuplot with a script": ("gnuplot -persist x.gp", "x.gp"),
    "input that is data": ("sqlite3 db < x.sql", ""),
    "make": ("make -f x.py all", "x.py"),
    "other programs": ("cp x.py y.py && git add x.py; ls ./x.py", ""),
    "executable": ("./tools/build.sh data.csv && tools/run ./x.py", "tools/build.sh tools/run"),
    "name on PATH": ("x.py", ""),
    "time and nice": ("time -p nice -n 5 nohup python x.py", "x.py"),
    "env": ("env -u HOME A=b python x.py", "x.py"),
    "timeout": ("exec timeout -k 5 10 ./tools/run", "tools/run"),
    "display": ("xvfb-run -a -s '-screen 0' python x.py", "x.py"),
    "uv": ("uv run --with numpy x.py", "x.py"),
    "uv otherwise": ("uv pip install x.py", ""),
    "poetry": (
        "poetry run python x.py; pipenv run y.py; pdm run ./tools/run",
        "x.py y.py tools/run",
    ),
    "conda": ("conda run --no-capture-output -n env python x.py", "x.py"),
    "micromamba": ("micromamba run -n env Rscript x.R", "x.R"),
    "mpi": ("mpirun -np 4 --oversubscribe python x.py; srun -n 2 tools/run", "x.py tools/run"),
    "sudo and stdbuf": ("sudo -u me stdbuf -oL bash x.sh", "x.sh"),
    "xargs": ("ls | xargs -n 1 -P 4 python x.py", "x.py"),
    "data of a wrapper": ("time cat ./data.csv", ""),
    "variables": ("A=1 B='2 3' python x.py", "x.py"),
    "and or": ("python x.py && python y.py || python a.py", "x.py y.py a.py"),
    "without blanks": ("python x.py&&python y.py;python a.py|cat", "x.py y.py a.py"),
    "lines": ("python x.py\n\n# python a.py\npython y.py # python a.py\n", "x.py y.py"),
    "no comment": ("curl http://h/#x && python x.py '#' y.py", "x.py"),
    "line that goes on": ("python \\\n  -u \\\n  x.py", "x.py"),
    "each once": ("python x.py 1; python ./x.py 2", "x.py"),
    "cd": ("cd sub && python x.py && cd deep && python z.py", "sub/x.py sub/deep/z.py"),
    "cd of a subshell": ("(cd sub && python x.py); python x.py", "sub/x.py x.py"),
    "cd to the unknown": ("cd $DIR && python x.py", ""),
    "condition": ("if test -f a; then python x.py; else python y.py; fi", "x.py y.py"),
    "loop": ("for f in *.csv; do python x.py $f; done", "x.py"),
    "group": ("{ python x.py; } > log", "x.py"),
    "output": ("python x.py > y.py 2>&1 < data.csv", "x.py"),
    "output first": (">log python x.py", "x.py"),
    "quotes": ("python 'x.py' \"sub/x.py\"; python 'with space.py'", "x.py 'with space.py'"),
    "escaped blank": ("python with\\ space.py", "'with space.py'"),
    "substitution": ("echo $(python x.py) `ls` ${A}; python $(echo y).py", "x.py y.py"),
    "heredoc": ("python - <<'EOF'\nit's python x.py\nEOF\npython y.py", "y.py"),
    "missing file": ("python gone.py; bash", ""),
    "file outside of the project": ("python /usr/x.py; python ../x.py", ""),
    "absolute path": ("python /p/x.py", "x.py"),
    "quote without an end": ("python x.py && echo 'it; python y.py", "x.py y.py"),
    "nothing": ("", ""),
    "only blanks and operators": (" ;; && ( ) | \n", ""),
}


def exists(path: str) -> bool:
    """Return whether a path is among the files of the project of these tests."""
    return path in PRESENT


def shown(uses: list[Use]) -> list[str]:
    """Return modules by name and scripts by their path in the project."""
    return [use.module or os.path.relpath(use.path, ROOT) for use in uses]


@pytest.mark.parametrize("name", COMMANDS)
def test_scripts_of_a_command(name: str) -> None:
    """A command runs these scripts and modules."""
    command, expected = COMMANDS[name]
    uses = scripts(command, ROOT, exists, [f"{ROOT}/src"])
    assert shown(uses) == shlex.split(expected)


def test_words_are_no_shell() -> None:
    """The words of a command without a shell are taken as they are."""
    assert shown(scripts(["/v/bin/python", "-u", "with space.py"], ROOT, exists)) == [
        "with space.py"
    ]
    assert shown(scripts(["echo", "&&", "python", "x.py"], ROOT, exists)) == []
    assert shown(scripts(["sh", "-c", "cd sub; python x.py"], ROOT, exists)) == ["sub/x.py"]
    assert scripts([], ROOT, exists) == []


def test_where_imports_are_looked_up() -> None:
    """PYTHONPATH counts, that of the command and of those before; -m adds the directory."""
    assert scripts("PYTHONPATH=src:$X:/lib python x.py; python y.py", ROOT, exists) == [
        Use("/p/x.py", None, ("/p/src", "/lib")),
        Use("/p/y.py"),
    ]
    assert scripts("export PYTHONPATH=src; env B=1 python x.py", ROOT, exists) == [
        Use("/p/x.py", None, ("/p/src",))
    ]
    assert scripts("env PYTHONPATH=src python -m inner.mod", ROOT, exists) == [
        Use("/p/src/inner/mod.py", "inner.mod", ("/p", "/p/src"))
    ]
    assert scripts("cd sub && python -m other.mod", ROOT, exists) == [
        Use("/p/sub/other/mod.py", "other.mod", ("/p/sub",))
    ]


PIECES = ["python", "x.py", "-m", "-c", "bash", "'", '"', "\\", "(", ")", "&&", ";", "<", ">", "$("]
PIECES += [" ", "\n", "cd", "sub", "<<EOF", "#", "env", "A=1", "-", "--", "`", "{", "é", "timeout"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@examples(300)
def test_never_an_exception(pieces: list[str]) -> None:
    """Every command can be read."""
    for command in ("".join(pieces), " ".join(pieces), pieces):
        for use in scripts(command, ROOT, exists):
            assert use.path in PRESENT
