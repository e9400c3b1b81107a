"""Edits of scripts that commands and functions run in less plain ways."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

import json

from .model import Files, Group, task_with

PROGRAMS = Group("programs")
STARTED = Group("started scripts")
GROUPS = (PROGRAMS, STARTED)

_X = 'import helpers\n\nwith open("out.txt", "w") as out:\n    out.write(helpers.f())\n'
_F = 'def f():\n    return "one"\n'
_FILES: Files = {"x.py": _X, "helpers.py": _F}
_SUB: Files = {"sub/x.py": _X.replace("out.txt", "../out.txt"), "sub/helpers.py": _F}
_CODE = _X.replace("\n\n", "\n")
_TEST = "import unittest\nimport helpers\n\nclass Test(unittest.TestCase):\n    def test(self):\n        with open('out.txt', 'w') as out:\n            out.write(helpers.f())\n"

for _name, _says, _command, _files in (
    ("redirected_first", "A script is run behind a redirection.", "2>log.txt python x.py", _FILES),
    ("from_stdin", "A script is the input of Python.", "python - < x.py", _FILES),
    ("from_a_pipe", "A script comes through a pipe.", "cat x.py | python", _FILES),
    ("heredoc", "Code in a heredoc imports a module.", f"python - <<'EOF'\n{_CODE}EOF\n", _FILES),
    ("heredoc_of_a_shell", "Commands in a heredoc run a script.", "sh <<EOF\npython x.py\nEOF\n", _FILES),
    ("env_split", "A script is run by env -S.", "env -S 'python x.py'", _FILES),
    ("env_directory", "A script is run by env -C.", "env -C sub python x.py", _SUB),
    ("variable", "The name of a script is in a variable.", 'S=x; python "${S}.py"', _FILES),
    ("for", "A loop runs a script.", "for s in x; do python $s.py; done", _FILES),
    ("pattern", "A pattern matches a script.", "python x*.py", _FILES),
    ("function", "A function of the shell runs a script.", "run() { python $1; }; run x.py", _FILES),
    ("eval", "A script is run by eval.", "eval 'python x.py'", _FILES),
    ("find", "A script is run by find.", "find in.txt -exec python x.py {} ';'", _FILES),
    ("xargs", "A script is run by xargs.", "echo a | xargs python x.py", _FILES),
    ("there_and_back", "A script is run behind two changes of the directory.", "cd sub && cd .. && python x.py", {**_FILES, "sub/x": ""}),
    ("inline_path", "Code on the command line changes sys.path.", "python -c 'import sys; sys.path.insert(0, \"sub\"); import x'", {"sub/x.py": _X, "sub/helpers.py": _F}),
    ("script_in_script", "A script of a shell runs a script.", "sh run.sh", {**_FILES, "run.sh": "python x.py\n"}),
    ("script_beside_script", "A script of a shell runs the one beside it.", "sh sub/run.sh", {**_SUB, "sub/run.sh": 'cd "$(dirname "$0")"\npython x.py\n'}),
    ("sourced", "A sourced file names a script.", ". ./env.sh; python $SCRIPT", {**_FILES, "env.sh": "SCRIPT=x.py\n"}),
    ("unittest", "A test imports a module.", "python -m unittest -q test_x 2>log.txt", {"test_x.py": _TEST, "helpers.py": _F}),
    ("unittest_discover", "A test that is searched for imports a module.", "python -m unittest discover -q sub 2>log.txt", {"sub/test_x.py": _TEST, "sub/helpers.py": _F}),
    ("pytest", "A test imports a module.", "python -m pytest -q -p no:cacheprovider sub >log.txt 2>&1", {"sub/test_x.py": _TEST, "sub/helpers.py": _F, "pytest.ini": "[pytest]\n"}),
):  # fmt: skip
    _edited = next(name for name in _files if name.endswith("helpers.py"))
    _dodo = task_with(f'"actions": [{_command!r}]')
    PROGRAMS.run(_name, _says, {"dodo.py": _dodo, **_files}, {_edited: ('"one"', '"two"')})

PROGRAMS.run("conftest", "A conftest.py beside a test is edited.",
             {"dodo.py": task_with('"actions": ["python -m pytest -q -p no:cacheprovider sub >log.txt 2>&1"]'), "pytest.ini": "[pytest]\n",
              "sub/conftest.py": "import pytest\n\n@pytest.fixture\ndef word():\n    return 'one'\n",
              "sub/test_x.py": "def test(word):\n    with open('out.txt', 'w') as out:\n        out.write(word)\n"},
             {"sub/conftest.py": ("'one'", "'two'")})  # fmt: skip
PROGRAMS.run("new_script", "A script is added that a pattern matches.",
             {"dodo.py": task_with('"actions": ["for s in sub/*.py; do python $s; done"]'), "sub/a.py": "open('out.txt', 'w').close()\n"},
             {"sub/b.py": "with open('out.txt', 'a') as out:\n    out.write('b')\n"})  # fmt: skip

_MAKE = "out.txt: in.txt force\n\tpython x.py\n\nforce:\n\nother:\n\tpython y.py\n"
_SAYS = "def f():\n    return 1\n"
for _name, _says, _command, _files, _edit in (
    ("comment_in_script", "A comment is added to a script that a loop runs.", "for s in x; do python $s.py; done", _FILES, {"helpers.py": ("def f():", "def f():  # one")}),
    ("unused_heredoc", "A module that the code in a heredoc does not import is edited.", f"python - <<'EOF'\n{_CODE}EOF\n", {**_FILES, "other.py": _SAYS}, {"other.py": ("1", "2")}),
    ("data_heredoc", "A script that a heredoc only mentions is edited.", "cat > out.txt <<'EOF'\npython other.py\nEOF\n", {"other.py": _SAYS}, {"other.py": ("1", "2")}),
    ("other_test", "A test that is not run is edited.", "python -m unittest -q test_x 2>log.txt", {"test_x.py": _TEST, "helpers.py": _F, "test_y.py": _SAYS}, {"test_y.py": ("1", "2")}),
    ("other_branch", "A script is edited that a function of no shell runs.", "S=other.py; S=x.py; python $S", {**_FILES, "other.py": _SAYS}, {"other.py": ("1", "2")}),
):  # fmt: skip
    _dodo = task_with(f'"actions": [{_command!r}]')
    PROGRAMS.keep(_name, _says, {"dodo.py": _dodo, **_files}, _edit)

_NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "source": ["import helpers\n"],
            "outputs": [],
            "execution_count": None,
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
_RUNNER = "#!/bin/sh\npython x.py\n"
_PAPERMILL = (
    'import os\nfor name in ["papermill"]:\n    with open(name, "w") as out:\n        out.write("'
    + _RUNNER.replace("\n", "\\n")
    + '")\n    os.chmod(name, 0o755)\n'
)
for _name, _says, _edit, _verdict in (
    ("notebook_import", "A module that a notebook imports is edited.", {"helpers.py": ('"one"', '"two"')}, "run"),
    ("notebook_output", "A notebook is saved with outputs.", {"n.ipynb": ('"outputs": [], "execution_count": null', '"outputs": ["1"], "execution_count": 3')}, "keep"),
    ("notebook_text", "A notebook gets another id of a cell.", {"n.ipynb": ('"cell_type": "code"', '"cell_type": "code", "id": "a"')}, "keep"),
):  # fmt: skip
    _before = {
        "dodo.py": task_with('"actions": ["./papermill n.ipynb out.ipynb -p x 1"]', _PAPERMILL),
        **_FILES,
        "n.ipynb": json.dumps(_NOTEBOOK),
    }
    (PROGRAMS.run if _verdict == "run" else PROGRAMS.keep)(_name, _says, _before, _edit)

_PROCESS = "import os, subprocess, sys\nfrom pathlib import Path\n"
for _name, _says, _definitions in (
    ("list", "A function runs a script by a list.", 'def work(targets):\n    subprocess.run([sys.executable, "x.py"], check=True)\n'),
    ("shell", "A function runs a script by a shell.", 'def work(targets):\n    subprocess.run("true && python x.py", shell=True, check=True)\n'),
    ("system", "A function runs a script by os.system.", 'def work(targets):\n    os.system("python x.py")\n'),
    ("popen", "A function runs a script by Popen.", 'def work(targets):\n    with subprocess.Popen([sys.executable, "x.py"]) as one:\n        one.wait()\n'),
    ("output", "A function takes the output of a script.", 'def work(targets):\n    return {"output": subprocess.check_output([sys.executable, "x.py"], text=True)}\n'),
    ("global", "A global holds the command.", 'COMMAND = [sys.executable, "x.py"]\ndef work(targets):\n    subprocess.run(COMMAND, check=True)\n'),
    ("closure", "A closure holds the command.", 'def make(command):\n    def run(targets):\n        return subprocess.call(command, shell=True) == 0\n    return run\nwork = make("python x.py")\n'),
    ("default", "A default holds the name of the script.", 'def work(targets, script="x.py"):\n    subprocess.run([sys.executable, script], check=True)\n'),
    ("path", "The name of the script is put together.", 'HERE = Path("sub") / ".."\ndef work(targets):\n    subprocess.run([sys.executable, HERE / "x.py"], check=True)\n'),
    ("pieces", "The name of the script is made of pieces.", 'def work(targets, name="x"):\n    subprocess.run([sys.executable, f"{name}.py"], check=True)\n'),
    ("helper", "A helper runs the script.", 'def call(*words):\n    subprocess.run([sys.executable, *words], check=True)\ndef work(targets):\n    call("x.py")\n'),
    ("object", "An object holds the name of the script.", 'class Job:\n    def __init__(self, script):\n        self.script = script\n    def __call__(self, targets):\n        subprocess.run([sys.executable, self.script], check=True)\nwork = Job("x.py")\n'),
    ("partial", "A bound argument is the command.", 'import functools\ndef run(command, targets):\n    subprocess.run(command, check=True)\nwork = functools.partial(run, ["python", "x.py"])\n'),
    ("runpy", "A function runs a script by runpy.", 'import runpy\ndef work(targets):\n    runpy.run_path("x.py")\n'),
    ("module", "A function runs a module.", 'def work(targets):\n    subprocess.run([sys.executable, "-m", "x"], check=True)\n'),
):  # fmt: skip
    _before = {
        "dodo.py": task_with('"actions": [work]', _PROCESS + _definitions),
        **_FILES,
        "sub/a": "",
    }
    STARTED.run(_name, _says, _before, {"helpers.py": ('"one"', '"two"')})
STARTED.run("argument", "An argument is the command.",
            {"dodo.py": task_with('"actions": [(run, ["python x.py"])]', "import os\ndef run(command, targets):\n    os.system(command)\n"), **_FILES},
            {"helpers.py": ('"one"', '"two"')})  # fmt: skip
for _name, _says, _definitions, _edit in (
    ("data", "A file is edited that a command only copies.", 'def work(targets):\n    subprocess.run(["cp", "in.txt", "out.txt"], check=True)\n    subprocess.run(["cat", "data.txt"], stdout=subprocess.DEVNULL, check=True)\n', {"data.txt": "2"}),
    ("docstring", "A script is edited that a docstring mentions.", 'def work(targets):\n    """Afterwards run python other.py."""\n    subprocess.run([sys.executable, "x.py"], check=True)\n', {"other.py": ("1", "2")}),
    ("comment", "A comment is added to a script that a function runs.", 'def work(targets):\n    subprocess.run([sys.executable, "x.py"], check=True)\n', {"x.py": ("import helpers", "import helpers  # one")}),
    ("other_key", "A script is edited that another key of the settings names.", 'S = {"a": "x.py", "b": "other.py"}\ndef work(targets):\n    subprocess.run([sys.executable, S["a"]], check=True)\n', {"other.py": ("1", "2")}),
):  # fmt: skip
    _before = {
        "dodo.py": task_with('"actions": [work]', _PROCESS + _definitions),
        **_FILES,
        "other.py": _SAYS,
        "data.txt": "1",
    }
    STARTED.keep(f"{_name}_kept", _says, _before, _edit)
