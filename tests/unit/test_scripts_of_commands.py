"""Which scripts a command runs where files are read: scripts in scripts, tests, make, notebooks."""

# ruff: noqa: E501 - a table

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from doit_invariants.code.programs.commands import CommandUses, read
from doit_invariants.code.programs.environment import Environment


def notebook(*cells: str, name: str = "python3") -> str:
    """Return a notebook with code cells and a text cell."""
    made = [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in cells]
    made.append({"cell_type": "markdown", "source": ["# Text"], "metadata": {}})
    metadata = {"kernelspec": {"name": name, "language": "python"}}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


FILES = {
    **dict.fromkeys(("x.py", "y.py", "a.py", "sub/x.py", "sub/deep/z.py", "tools/gen.py"), ""),
    **dict.fromkeys(("step1.py", "step2.py", "step3.py", "pkg/__init__.py", "pkg/mod.py"), ""),
    "driver.py": "import subprocess, sys\nsubprocess.run([sys.executable, 'tools/gen.py'])\n",
    "says.py": "import subprocess\ndef f():\n    'Call python x.py first.'\n",
    "data.csv": "1,2\n",
    "x.R": "source('y.R')\n",
    "run.sh": "#!/bin/sh\nset -e\npython x.py\n. ./env.sh\npython $SCRIPT\n",
    "env.sh": "SCRIPT=y.py\n",
    "tools/here.sh": 'cd "$(dirname "$0")"\npython gen.py\n',
    "tools/there.sh": 'HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)\npython "$HERE/gen.py"\n',
    "tools/arguments.sh": 'for f in "$@"; do python $f; done\n',
    "tools/one.sh": "python $1\n",
    "tools/shebang": "#!/usr/bin/env bash\npython a.py\n",
    "tools/deep.sh": "sh tools/deeper.sh\n",
    "tools/deeper.sh": "sh tools/deep.sh\npython a.py\n",
    "tools/program": "#!/usr/bin/env python3\nimport pkg.mod\n",
    "Makefile": (
        "include rules.mk\nPY ?= python\nALL := one two\n.PHONY: all one two\n\nall: one\n\n"
        "one: in.txt\n\t@$(PY) $(SCRIPT) $< > $@\n\ntwo: one\n\tcd sub && \\\n\t  python x.py\n"
        "\nthree:\n\t$(MAKE) -C sub\n\n%.out: %.py\n\tpython $<\n\nloop:\n"
        "\tfor f in x y; do python $$f.py; done\n"
    ),
    "rules.mk": "SCRIPT = x.py\n",
    "sub/Makefile": "all: ; python deep/z.py\n",
    "tests/conftest.py": "",
    "tests/test_a.py": "",
    "tests/data/notes.py": "",
    "tests/unit/conftest.py": "",
    "tests/unit/b_test.py": "",
    "more/test_c.py": "",
    "conftest.py": "",
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["more"]\n',
    "n.ipynb": notebook("import pkg.mod\n%matplotlib inline", "!python x.py {n}\n%run y.py"),
    "report.qmd": "# Report\n\n```{python}\nimport pkg.mod\n```\n\n```{bash}\nsh env.sh\n```\n",
}

COMMANDS = {
    # redirections, inputs
    "output first": ("2>err python x.py; &>log python y.py; 2>&1 >a python a.py", "x.py y.py a.py"),
    "number of a file": ("3<data.csv python x.py", "x.py"),
    "input without a blank": ("python <x.py; python - <y.py", "x.py y.py"),
    "input first": ("< x.py python -u -", "x.py"),
    "heredoc": ("python - <<EOF\nimport pkg.mod\nEOF\npython y.py", "pkg.mod y.py"),
    "heredoc in quotes": ("python3 <<'END' > out\nfrom pkg import mod\nEND\n", "pkg pkg.mod"),
    "heredoc with tabs": ("python - arg <<-EOF\n\timport pkg.mod\n\tEOF\npython y.py", "pkg.mod y.py"),
    "heredoc of a shell": ("bash -e <<'EOF'\ncd sub\npython x.py\nEOF\npython y.py", "sub/x.py y.py"),
    "heredoc with a variable": ("S=x.py\nsh <<EOF\npython $S\nEOF", "x.py"),
    "heredoc in a pipe": ("cat <<EOF | python - | cat\nimport pkg.mod\nEOF\npython y.py", "pkg.mod y.py"),
    "two heredocs": ("bash <<A; python <<B\npython x.py\nA\nimport pkg.mod\nB\n", "x.py pkg.mod"),
    "heredoc that is data": ("cat > x.txt <<EOF\npython x.py\nEOF\n", ""),
    "here-string": ("python - <<< 'import pkg.mod'; bash <<<'python x.py'", "pkg.mod x.py"),
    "text from a pipe": ("echo 'import pkg.mod' | python; echo python x.py | sh", "pkg.mod x.py"),
    # what stands before a command
    "env -C": ("env -C sub python x.py; env --chdir=sub python deep/z.py", "sub/x.py sub/deep/z.py"),
    "env -C glued": ("env -Csub A=1 python x.py", "sub/x.py"),
    "env -S": ("env -S 'python -u x.py'; env -S'python y.py'", "x.py y.py"),
    "env -i": ("env -i PATH=$PATH python x.py", "x.py"),
    "uv": ("uv run x.py; uv run --with a --script y.py; uv run --no-sync -- python a.py", "x.py y.py a.py"),
    "uv module": ("uv run -m pkg.mod; uv run --directory sub x.py", "pkg.mod sub/x.py"),
    "nested wrappers": ("nice -n 5 timeout -k 1 60 env A=b stdbuf -oL python x.py", "x.py"),
    "function of a search path": ("export PYTHONPATH=$PWD/sub; python -c 'import x'", "x"),
    # variables
    "variable": ("S=x.py; python $S", "x.py"),
    "variable in braces": ('S=x; python "${S}.py"', "x.py"),
    "variable in quotes": ('D=sub\npython "$D"/x.py', "sub/x.py"),
    "exported": ("export S=x.py && python $S", "x.py"),
    "declared": ("declare -r S=x.py; readonly T='y.py'; python $S; python $T", "x.py y.py"),
    "default": ("${PYTHON:-python} x.py; python ${S:=y.py}", "x.py y.py"),
    "for a child": ("S=x.py sh -c 'python $S'", "x.py"),
    "command in a variable": ('RUN="python x.py"; $RUN --fast', "x.py"),
    "array": ('S=(x.py y.py); for s in "${S[@]}"; do python $s; done; python ${S[1]}', "x.py y.py"),
    "suffix taken away": ("f=x.csv; python ${f%.csv}.py; g=a/b/y.py; python ${g##*/}", "x.py y.py"),
    "of two branches": ("if a; then S=x.py; else S=y.py; fi; python $S", "x.py y.py"),
    "perhaps": ("S=x.py; test -f q && S=y.py; python $S", "x.py y.py"),
    "set again": ("S=x.py; S=y.py; python $S", "y.py"),
    "appended": ("S=x; S+=.py; python $S", "x.py"),
    "unknown interpreter": ("$PYTHON x.py", "x.py"),
    # loops and similar
    "loop": ("for f in x.py sub/x.py; do python $f; done", "x.py sub/x.py"),
    "loop with names": ("for n in x y; do python $n.py > $n.out; done", "x.py y.py"),
    "loop over lines": ("for f in x y\ndo\n  g=$f.py\n  python $g\ndone", "x.py y.py"),
    "loop over a pattern": ("for f in step[12].py; do python $f; done", "step1.py step2.py"),
    "numbers": ("for i in {1..3}; do python step$i.py; done", "step1.py step2.py step3.py"),
    "braces": ("cat {x,y}.py; for f in {x,sub/x}.py; do python $f; done", "x.py sub/x.py"),
    "pattern": ("python sub/*.py", "sub/x.py"),
    "pattern in quotes": ("python 'sub/*.py'", ""),
    "while": ("while true; do python x.py; done", "x.py"),
    "case": ("case $1 in a) python x.py;; b|c) python y.py ;; *) python a.py; esac; python sub/x.py", "x.py y.py a.py sub/x.py"),
    "brace group": ("{ cd sub; python x.py; } 2>&1 | tee log", "sub/x.py"),
    "function": ("f() { python $1; }; f x.py; f y.py", "x.py y.py"),
    "function with its word": ("function f {\n python x.py\n}\nf", "x.py"),
    "function that nobody calls": ("f() { python x.py; }", "x.py"),
    "function that calls itself": ("f() { python x.py; f; }; f", "x.py"),
    "background": ("python x.py & python y.py & wait", "x.py y.py"),
    "or": ("python x.py || python y.py", "x.py y.py"),
    "not": ("! python x.py", "x.py"),
    "eval": ('eval "python x.py"; C="python y.py"; eval $C', "x.py y.py"),
    "trap": ("trap 'python x.py' EXIT", "x.py"),
    "test of a shell": ("[[ -f a && b < c ]] && python x.py", "x.py"),
    "continued": ("python \\\n x.py && # why\n python y.py", "x.py y.py"),
    # directories
    "there and back": ("cd sub; python x.py; cd ..; python x.py; cd -; python deep/z.py", "sub/x.py x.py sub/deep/z.py"),
    "pushd": ("pushd sub; python x.py; popd; python x.py", "sub/x.py x.py"),
    "subshell": ("(cd sub; S=deep/z.py; python $S); python x.py", "sub/deep/z.py x.py"),
    "directory in a variable": ('D=sub; cd "$D" && python x.py', "sub/x.py"),
    # programs that run others
    "find": ("find . -name '*.csv' -exec python x.py {} \\; -o -exec sh -c 'python y.py' \\;", "x.py y.py"),
    "xargs": ("ls | xargs -I{} -P4 python x.py {}", "x.py"),
    "xargs with a shell": ("ls | xargs -n1 sh -c 'python x.py $0'", "x.py"),
    "parallel": ("parallel -j 4 python x.py ::: a b", "x.py"),
    "process substitution": ("cat <(python x.py) > >(python y.py)", "y.py x.py"),
    "flock": ("flock /tmp/l -c 'python x.py'; flock l python y.py", "x.py y.py"),
    "output that is known": ("python $(echo x.py); python $(dirname sub/q)/x.py", "x.py sub/x.py"),
    "program by which": ("$(which python3) x.py; `command -v python` y.py", "x.py y.py"),
    # code
    "code that searches": ("python -c 'import sys; sys.path.insert(0, \"sub\"); import x'", "x"),
    "code that runs a file": ("python -c 'import runpy; runpy.run_path(\"tools/gen.py\")'", "tools/gen.py"),
    "code in lines": ("python -c '\nimport pkg.mod\nprint(1)\n'", "pkg.mod"),
    # scripts in scripts
    "script of a shell": ("sh run.sh", "run.sh x.py env.sh y.py"),
    "sourced": (". ./env.sh; python $SCRIPT", "env.sh y.py"),
    "beside itself": ("bash tools/here.sh", "tools/here.sh tools/gen.py"),
    "beside its source": ("tools/there.sh", "tools/there.sh tools/gen.py"),
    "its arguments": ("sh tools/arguments.sh x.py y.py; sh tools/one.sh a.py", "tools/arguments.sh x.py y.py tools/one.sh a.py"),
    "first line": ("./tools/shebang; tools/program", "tools/shebang a.py tools/program"),
    "in a circle": ("sh tools/deep.sh", "tools/deep.sh tools/deeper.sh a.py"),
    "from another directory": ("cd sub && bash ../tools/here.sh", "tools/here.sh tools/gen.py"),
    "script of Python": ("python driver.py; python says.py", "driver.py tools/gen.py says.py"),
    "several files": ("cat x.py y.py | python", "x.py y.py"),
    "doctest": ("python -m doctest x.py; memray run -o o y.py", "x.py y.py"),
    "batch": ("sbatch -n 4 run.sh", "run.sh x.py env.sh y.py"),
    "profiler": ("py-spy record -o o.svg -- python x.py", "x.py"),
    # make
    "make": ("make", "Makefile rules.mk x.py"),
    "target": ("make -j4 two", "Makefile rules.mk sub/x.py x.py"),
    "make in a directory": ("make -C sub; cd sub && make -f Makefile", "sub/Makefile sub/deep/z.py"),
    "make by make": ("make three", "Makefile rules.mk sub/Makefile sub/deep/z.py"),
    "rule with a pattern": ("make y.out", "Makefile rules.mk y.py"),
    "variable of make": ("make one SCRIPT=a.py", "Makefile rules.mk a.py"),
    "loop in a recipe": ("make loop", "Makefile rules.mk x.py y.py"),
    # tests
    "pytest of a file": ("pytest -q tests/test_a.py", "tests/test_a.py[3]"),
    "pytest of a test": ("python -m pytest -k x tests/test_a.py::test_x -x", "tests/test_a.py[3]"),
    "pytest of a directory": ("pytest tests", "tests[5]"),
    "pytest of nothing": ("pytest -x", "more[2]"),
    "pytest with coverage": ("coverage run -m pytest tests/unit", "tests/unit[4]"),
    "pytest of uv": ("uv run pytest tests", "tests[5]"),
    "unittest": ("python -m unittest tests.test_a pkg.mod.Test.test_x", "tests.test_a pkg.mod"),
    "output of tests": ("python -m unittest discover -q tests 2>log", "tests[1]"),
    "unittest of a directory": ("python -m unittest discover -s tests -p '*_a.py'", "tests[1]"),
    # notebooks
    "nbconvert": ("jupyter nbconvert --to notebook --execute --inplace n.ipynb", "n.ipynb x.py y.py"),
    "nbconvert alone": ("jupyter nbconvert --to html n.ipynb", ""),
    "nbconvert with one word": ("jupyter-nbconvert --execute n.ipynb", "n.ipynb x.py y.py"),
    "jupyter execute": ("jupyter execute n.ipynb", "n.ipynb x.py y.py"),
    "papermill": ("papermill -p a 1 -k python3 n.ipynb out.ipynb -p x 1", "n.ipynb x.py y.py"),
    "papermill as a module": ("python -m papermill n.ipynb out.ipynb", "n.ipynb x.py y.py"),
    "quarto": ("quarto render report.qmd --to html", "report.qmd env.sh pkg.mod"),
    "quarto of a notebook": ("quarto render n.ipynb --execute", "n.ipynb x.py y.py"),
    "marimo": ("marimo run x.py; marimo export html y.py -o y.html", "x.py y.py"),
    "jupytext": ("jupytext --to notebook --execute x.py; jupytext --sync y.py", "x.py"),
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the files."""
    path = tmp_path_factory.mktemp("commands")
    for name, text in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def found(command: str, root: Path) -> CommandUses:
    """Return what a command runs there."""

    def exists(path: str) -> bool:
        return path.startswith(f"{root}/") and os.path.isfile(path)

    return read(command, str(root), Environment(exists, [str(root)], {"PATH": "/bin"}))


def shown(found: CommandUses, root: Path) -> list[str]:
    """Return modules by name, scripts by their path, and how many tests there are."""
    return [
        use.module
        or os.path.relpath(use.path, root) + (f"[{len(use.starts)}]" if use.starts else "")
        for use in found.uses
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_scripts_of_a_command(name: str, root: Path) -> None:
    """A command runs these scripts and modules."""
    command, expected = COMMANDS[name]
    assert shown(found(command, root), root) == shlex.split(expected)


UNSEEN = {
    "python $UNKNOWN": "python ...: can't tell which script it runs",
    "cd $WHERE && python x.py": "python x.py: can't tell which script it runs",
    "Rscript x.R": "anything that x.R runs",
    "tox -e py311": "tox -e py311: can't tell what tox runs",
    "while read f; do python $f; done < data.csv": "python ...: can't tell which script it runs",
    "python -m $MODULE": "python -m ...: can't tell which module it runs",
}


@pytest.mark.parametrize("command", UNSEEN)
def test_what_is_not_looked_into(command: str, root: Path) -> None:
    """A program or script that can't be determined is reported."""
    assert found(command, root).unseen == (UNSEEN[command],)


QUIET = [
    "cp a b",
    "echo $HOME",
    "gcc -c x.c",
    "python x.py $ARGUMENT",
    "git add $FILE",
    "rm -f *.o",
]


@pytest.mark.parametrize("command", QUIET)
def test_nothing_to_say(command: str, root: Path) -> None:
    """Programs on PATH and unknown arguments are not listed as unseen."""
    assert found(command, root).unseen == ()
