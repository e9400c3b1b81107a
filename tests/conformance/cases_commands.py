"""Edits of commands, and of the scripts that commands run."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Files, Group, task_with

COMMANDS = Group("commands")
SCRIPTS = Group("scripts")
GROUPS = (COMMANDS, SCRIPTS)

for _name, _says, _options, _definitions, _old, _new in (
    ("text", "The text of a command is edited.", '"actions": ["echo one > out.txt"]', "", "echo one", "echo two"),
    ("spaces", "Spaces inside the quotes of a command are edited.", '"actions": ["echo \'a b\' > out.txt"]', "", "'a b'", "'a  b'"),
    ("flag", "A flag of a command is edited.", '"actions": ["printf b,a | sort > out.txt; printf \'a\\nb\\n\' | sort -r > out.txt"]', "", "sort -r", "sort -u"),
    ("variable", "The variable that a command is built from is edited.", '"actions": [f"echo {FLAG} > out.txt"]', 'FLAG = "-a"\n', '"-a"', '"-b"'),
    ("percent", "The variable in a command with %(targets)s is edited.", '"actions": ["echo %s > %%(targets)s" % WHAT]', 'WHAT = "a"\n', '"a"', '"b"'),
    ("list_argument", "An argument of a command in a list is edited.", '"actions": [["cp", "in.txt", "out.txt"], ["python", "-c", "open(\'out.txt\', \'a\').write(\'1\')"]]', "", "'1'", "'2'"),
    ("list_order", "Two arguments of a command in a list swap places.", '"actions": [["python", "-c", CODE, "a", "b"]]', 'CODE = "import sys; open(\'out.txt\', \'w\').write(repr(sys.argv))"\n', '"a", "b"', '"b", "a"'),
    ("list_repeated", "An argument of a command in a list is repeated.", '"actions": [["python", "-c", CODE, "a", "b"]]', 'CODE = "import sys; open(\'out.txt\', \'w\').write(repr(sys.argv))"\n', '"a", "b"', '"a", "b", "b"'),
    ("callable", "The function that gives a command is edited.", '"actions": [CmdAction(command)]', 'from doit.tools import CmdAction\ndef command():\n    return "echo one > out.txt"\n', "echo one", "echo two"),
    ("callable_value", "A global that the function of a command reads is edited.", '"actions": [CmdAction(command)]', 'from doit.tools import CmdAction\nWHAT = "one"\ndef command():\n    return f"echo {WHAT} > out.txt"\n', '"one"', '"two"'),
    ("cmd_action", "The text in a CmdAction is edited.", '"actions": [CmdAction("echo one > out.txt")]', "from doit.tools import CmdAction\n", "echo one", "echo two"),
    ("cmd_action_cwd", "The directory of a CmdAction is edited.", '"actions": [CmdAction("cat x > ../out.txt", cwd="a")]', "from doit.tools import CmdAction\n", '"a"', '"b"'),
    ("cmd_action_env", "An environment variable of a CmdAction is edited.", '"actions": [CmdAction("echo $WHAT > out.txt", env={**os.environ, "WHAT": "a"})]', "import os\nfrom doit.tools import CmdAction\n", '"a"', '"b"'),
    ("params", "The default of a param in a command is edited.", '"actions": ["echo %(x)s > out.txt"], "params": [{"name": "x", "default": "a"}]', "", '"a"', '"b"'),
    ("second", "The second of two commands is edited.", '"actions": ["true", "echo one > out.txt"]', "", "echo one", "echo two"),
    ("order", "Two commands swap places.", '"actions": ["echo a > out.txt", "echo b > out.txt"]', "", '"echo a > out.txt", "echo b > out.txt"', '"echo b > out.txt", "echo a > out.txt"'),
    ("to_function", "A command becomes a function.", '"actions": ["echo one > out.txt"]', "def f(targets):\n    open(targets[0], 'w').close()\n", '"echo one > out.txt"', "f"),
):  # fmt: skip
    COMMANDS.run(
        _name,
        _says,
        {"dodo.py": task_with(_options, _definitions), "a/x": "one", "b/x": "two"},
        (_old, _new),
    )
COMMANDS.keep(
    "layout", "The line of a command is broken, and the command stays the same.",
    task_with('"actions": ["echo one > out.txt"]'),
    ('["echo one > out.txt"]', '[\n        "echo one "\n        \'> out.txt\',\n    ]'),
)  # fmt: skip
COMMANDS.keep(
    "same_text", "A command is computed in another way and stays the same.",
    task_with('"actions": ["echo one > out.txt"]'),
    ('"echo one > out.txt"', '"echo {} > out.txt".format("one")'),
)  # fmt: skip
COMMANDS.keep(
    "callable_comment", "A comment is added to the function that gives a command.",
    task_with('"actions": [CmdAction(command)]', "from doit.tools import CmdAction\n"
              "def command():\n    return 'echo one > out.txt'\n"),
    ("'echo one > out.txt'", '"echo one > out.txt"  # says one'),
)  # fmt: skip

_X = '"""A script."""\n\n\ndef main():\n    with open("out.txt", "w") as out:\n        out.write("one")\n\n\nmain()\n'
_USES = _X.replace('"""A script."""\n', "import helpers\n").replace('"one"', "helpers.f()")
_F = 'def f():\n    """Say it."""\n    return "one"\n'
_DEEP = "import deep\n\n\ndef f():\n    return deep.g()\n"
_G = 'def g():\n    return "one"\n'

_PY: dict[str, tuple[str, str, Files, str]] = {
    "python": ("A script is run.", "python x.py", {"x.py": _X}, "x.py"),
    "python3": ("A script is run by python3.", "python3 x.py", {"x.py": _X}, "x.py"),
    "options": ("A script is run with options before it.", "python -W ignore -B x.py", {"x.py": _X}, "x.py"),
    "arguments": ("A script is run with arguments.", "python x.py --fast in.txt", {"x.py": _X}, "x.py"),
    "sub_directory": ("A script in a directory is run.", "python tools/x.py", {"tools/x.py": _X}, "tools/x.py"),
    "dot_slash": ("A script is named with ./ before it.", "python ./x.py", {"x.py": _X}, "x.py"),
    "pipe": ("A script is run in a pipe.", "cat in.txt | python x.py | cat", {"x.py": _X}, "x.py"),
    "after_and": ("A script is run after another command.", "true && python x.py", {"x.py": _X}, "x.py"),
    "environment": ("A variable is set for a script.", "MODE=1 python x.py", {"x.py": _X}, "x.py"),
    "quoted": ("The name of a script is quoted.", "python 'my x.py'", {"my x.py": _X}, "my x.py"),
    "import": ("A module that a script imports is edited.", "python x.py", {"x.py": _USES, "helpers.py": _F}, "helpers.py"),
    "import_of_import": ("A module that an imported module imports is edited.", "python x.py", {"x.py": _USES, "helpers.py": _DEEP, "deep.py": _G}, "deep.py"),
    "from_import": ("A module from which a script imports a name is edited.", "python x.py", {"x.py": _USES.replace("import helpers", "from helpers import f").replace("helpers.f()", "f()"), "helpers.py": _F}, "helpers.py"),
    "local_import": ("A module that a script imports inside a function is edited.", "python x.py", {"x.py": _USES.replace("import helpers\n", "").replace("def main():\n", "def main():\n    import helpers\n"), "helpers.py": _F}, "helpers.py"),
    "neighbour": ("A module beside a script in a directory is edited.", "python tools/x.py", {"tools/x.py": _USES, "tools/helpers.py": _F}, "tools/helpers.py"),
    "package": ("A submodule that a script imports is edited.", "python x.py", {"x.py": _USES.replace("import helpers", "from pkg import helpers"), "pkg/__init__.py": "", "pkg/helpers.py": _F}, "pkg/helpers.py"),
    "list_of_commands": ("The second of two scripts in a line is edited.", "true; (cd . && python x.py)", {"x.py": _X}, "x.py"),
    "lines": ("A script in the second line of a command is edited.", "true\npython x.py", {"x.py": _X}, "x.py"),
    "if": ("A script is run under a condition.", "if true; then python x.py; fi", {"x.py": _X}, "x.py"),
    "substitution": ("The output of a script is used in a command.", "echo $(python x.py)", {"x.py": _X}, "x.py"),
    "quoted_substitution": ("The output of a script is used inside quotes.", 'echo "$(python x.py)"', {"x.py": _X}, "x.py"),
    "env": ("A script is run by env.", "env MODE=1 python x.py", {"x.py": _X}, "x.py"),
    "shell_in_shell": ("A script is run by a shell that is run.", "sh -c 'python x.py'", {"x.py": _X}, "x.py"),
    "other_directory": ("A script is run in another directory.", "cd sub && python x.py", {"sub/x.py": _X.replace("out.txt", "../out.txt")}, "sub/x.py"),
    "python_path": ("A module in a directory on PYTHONPATH is edited.", "PYTHONPATH=lib python x.py", {"x.py": _USES, "lib/helpers.py": _F}, "lib/helpers.py"),
    "path_inserted": ("A module in a directory that the script puts on sys.path is edited.", "python x.py", {"x.py": "import sys\nsys.path.insert(0, 'lib')\n" + _USES, "lib/helpers.py": _F}, "lib/helpers.py"),
    "inline": ("A module that code on the command line imports is edited.", "python -c 'import x'", {"x.py": _X}, "x.py"),
    "init_of_package": ("The __init__ of a package that is passed on the way is edited.", "python x.py", {"x.py": "import pkg.sub\n" + _X.replace('"one"', "pkg.V"), "pkg/__init__.py": 'V = "one"\n', "pkg/sub.py": ""}, "pkg/__init__.py"),
    "star_import": ("A module from which a script imports everything is edited.", "python x.py", {"x.py": "from helpers import *\n" + _X.replace('"one"', "f()"), "helpers.py": _F}, "helpers.py"),
    "reexport": ("A submodule that the package of an import re-exports is edited.", "python x.py", {"x.py": "from pkg import f\n" + _X.replace('"one"', "f()"), "pkg/__init__.py": "from .sub import f\n", "pkg/sub.py": _F}, "pkg/sub.py"),
    "directory": ("The __main__ of a directory that is run is edited.", "python app", {"app/__main__.py": _X}, "app/__main__.py"),
    "module": ("A module is run with -m.", "python -m pkg.mod", {"pkg/__init__.py": "", "pkg/mod.py": _X}, "pkg/mod.py"),
    "main_of_package": ("A package is run with -m.", "python -m pkg", {"pkg/__init__.py": "", "pkg/__main__.py": _X}, "pkg/__main__.py"),
    "import_of_module": ("A relative import of a module that is run with -m is edited.", "python -m pkg.mod", {"pkg/__init__.py": "", "pkg/mod.py": _USES.replace("import helpers", "from . import helpers"), "pkg/helpers.py": _F}, "pkg/helpers.py"),
}  # fmt: skip
for _name, (_says, _command, _files, _edited) in _PY.items():
    _dodo = task_with(f'"actions": [{_command!r}]')
    SCRIPTS.run(_name, _says, {"dodo.py": _dodo, **_files}, {_edited: ('"one"', '"two"')})

_LIST = task_with('"actions": [["python", "x.py"]]')
SCRIPTS.run("list", "A script in a command that is a list is edited.",
            {"dodo.py": _LIST, "x.py": _X}, {"x.py": ('"one"', '"two"')})  # fmt: skip
SCRIPTS.run("bash", "A shell script is edited.",
            {"dodo.py": task_with('"actions": ["bash x.sh"]'), "x.sh": "echo one > out.txt\n"},
            {"x.sh": ("one", "two")})  # fmt: skip
SCRIPTS.run("sh", "A shell script with options before it is edited.",
            {"dodo.py": task_with('"actions": ["sh -e x.sh a"]'), "x.sh": "echo one > out.txt\n"},
            {"x.sh": ("one", "two")})  # fmt: skip
SCRIPTS.run("executable", "A file that is executed itself is edited.",
            {"dodo.py": task_with('"actions": ["./x"]', "import os\nos.chmod('x', 0o755)\n"),
             "x": "#!/bin/sh\necho one > out.txt\n"}, {"x": ("one", "two")})  # fmt: skip
SCRIPTS.run("import_appears", "A module that a script looks for is created.",
            {"dodo.py": task_with('"actions": ["python x.py"]'),
             "x.py": "try:\n    import helpers\nexcept ImportError:\n    helpers = None\n"
             + _X.replace('"one"', "str(helpers is None)")}, {"helpers.py": _F})  # fmt: skip
SCRIPTS.run("python_in_variable", "A script is run by the interpreter that runs doit.",
            {"dodo.py": task_with('"actions": [f"{sys.executable} x.py"]', "import sys\n"),
             "x.py": _X}, {"x.py": ('"one"', '"two"')})  # fmt: skip

_KEEP: dict[str, tuple[str, Files, str, tuple[str, str]]] = {
    "comment": ("A comment is added to a script.", {"x.py": _X}, "x.py", ("def main():", "# the only one\ndef main():  # runs")),
    "docstring": ("The docstring of a script is edited.", {"x.py": _X}, "x.py", ("A script.", "The script.")),
    "layout": ("The layout of a script is edited.", {"x.py": _X}, "x.py", ('open("out.txt", "w")', "open(\n        'out.txt', 'w',\n    )")),
    "comment_in_import": ("A comment is added to a module that a script imports.", {"x.py": _USES, "helpers.py": _F}, "helpers.py", ('return "one"', 'return "one"  # as ever')),
    "docstring_in_import": ("A docstring in a module that a script imports is edited.", {"x.py": _USES, "helpers.py": _F}, "helpers.py", ("Say it.", "Tell it.\n\n    In full.\n    ")),
    "unrelated": ("A script that no command runs is edited.", {"x.py": _X, "y.py": _X}, "y.py", ('"one"', '"two"')),
}  # fmt: skip
for _name, (_says, _files, _edited, _change) in _KEEP.items():
    _dodo = task_with('"actions": ["python x.py"]')
    SCRIPTS.keep(f"{_name}_kept", _says, {"dodo.py": _dodo, **_files}, {_edited: _change})
