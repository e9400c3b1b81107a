"""Edits of how functions come to be actions: arguments, tables, names, params, partials."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, gives, task_with

ACTIONS = Group("actions and their arguments")
DISPATCH = Group("dispatch")
GROUPS = (ACTIONS, DISPATCH)


def _write(parameters: str, expression: str, mode: str = "w") -> str:
    return (
        f"def work({parameters}):\n    with open(targets[0], {mode!r}) as out:\n"
        f"        out.write(repr({expression}))\n"
    )


_C = "class C:\n    def __init__(self, x):\n        self.x = x\n    def f(self):\n        return self.x\n"
_RUN = (
    "class Step:\n    def __init__(self, x):\n        self.x = x\n"
    "    def run(self, targets):\n        with open(targets[0], 'w') as out:\n"
    "            out.write(repr(self.x))\n"
)
_PARAM = '"actions": [work], "params": [{"name": "x", "default": 1, "type": int}]'
_TASK_PARAM = (
    "from doit import task_params\n"
    + _write("targets, x", "x")
    + "\n@task_params([{'name': 'x', 'default': 1, 'type': int}])\ndef task_work(x):\n"
    '    return {"actions": [(work, [], {"x": x})], "file_dep": ["in.txt"], "targets": ["out.txt"]}\n'
)

for _name, _says, _definitions, _options, _old, _new in (
    ("argument", "An argument of the action is edited.", _write("x, targets", "x"), '"actions": [(work, [1])]', "[1]", "[2]"),
    ("argument_type", "An argument becomes the equal bool.", _write("x, targets", "x"), '"actions": [(work, [1])]', "[1]", "[True]"),
    ("argument_order", "Two arguments swap places.", _write("x, y, targets", "(x, y)"), '"actions": [(work, [1, 2])]', "[1, 2]", "[2, 1]"),
    ("argument_split", "The border between two arguments moves.", _write("x, y, targets", "(x, y)"), '"actions": [(work, ["1", "23"])]', '["1", "23"]', '["12", "3"]'),
    ("keyword_argument", "A keyword argument of the action is edited.", _write("targets, k", "k"), '"actions": [(work, [], {"k": 2})]', "2}", "3}"),
    ("argument_to_keyword", "Two keyword arguments swap their values.", _write("targets, j, k", "(j, k)"), '"actions": [(work, [], {"j": 1, "k": 2})]', '"j": 1, "k": 2', '"j": 2, "k": 1'),
    ("path_argument", "A path that is an argument is edited.", "from pathlib import Path\n" + _write("x, targets", "x.name"), '"actions": [(work, [Path("a")])]', '"a"', '"b"'),
    ("nested_argument", "A value deep in an argument is edited.", _write("x, targets", "x"), '"actions": [(work, [{"a": [{"b": (1, 2)}]}])]', "(1, 2)", "(1, 3)"),
    ("function_argument", "A function that is an argument is edited.", "def f():\n    return 1\n" + _write("x, targets", "x()"), '"actions": [(work, [f])]', "return 1", "return 2"),
    ("lambda_argument", "A lambda that is an argument is edited.", _write("x, targets", "x()"), '"actions": [(work, [lambda: 1])]', "lambda: 1", "lambda: 2"),
    ("instance_argument", "The state of an instance that is an argument is edited.", _C + _write("x, targets", "x.f()"), '"actions": [(work, [C(1)])]', "C(1)", "C(2)"),
    ("method_of_argument", "A method of an instance that is an argument is edited.", _C + _write("x, targets", "x.f()"), '"actions": [(work, [C(1)])]', "return self.x", "return -self.x"),
    ("class_argument", "A class that is an argument is edited.", _C + _write("x, targets", "x(1).f()"), '"actions": [(work, [C])]', "return self.x", "return -self.x"),
    ("module_argument", "Another module is the argument.", "import posixpath, ntpath\n" + _write("x, targets", "x.sep"), '"actions": [(work, [posixpath])]', "(work, [posixpath])", "(work, [ntpath])"),
    ("partial", "The argument of a partial that is the action is edited.", "from functools import partial\n" + _write("x, targets", "x"), '"actions": [(partial(work, 1), [], {})]', "(work, 1)", "(work, 2)"),
    ("partial_body", "The function of a partial that is the action is edited.", "from functools import partial\n" + _write("x, targets", "x + 1"), '"actions": [partial(work, 1)]', "x + 1", "x + 2"),
    ("bound_method", "The state of the object whose method is the action is edited.", _RUN, '"actions": [Step(1).run]', "Step(1)", "Step(2)"),
    ("bound_method_body", "The method that is the action is edited.", _RUN, '"actions": [Step(1).run]', "repr(self.x)", "str(-self.x)"),
    ("callable_object", "The state of the object that is the action is edited.", _RUN.replace("run", "__call__"), '"actions": [(Step(1).__call__,)]', "Step(1)", "Step(2)"),
    ("lambda_action", "The lambda that is the action is edited.", _write("targets, x", "x"), '"actions": [lambda targets: work(targets, 1)]', "work(targets, 1)", "work(targets, 2)"),
    ("python_action", "A PythonAction that was made by hand is edited.", "from doit.action import PythonAction\n" + _write("x, targets", "x"), '"actions": [PythonAction(work, [1])]', "[1]", "[2]"),
    ("added", "An action is added.", _write("targets", "1", "a") + "def two(targets):\n    with open(targets[0], 'a') as out:\n        out.write('2')\n", '"actions": [work]', "[work]", "[work, two]"),
    ("swapped", "Two actions swap places.", _write("targets", "1", "w") + "def two(targets):\n    with open(targets[0], 'w') as out:\n        out.write('2')\n", '"actions": [work, two]', "[work, two]", "[two, work]"),
    ("second", "The second of two actions is edited.", _write("targets", "1", "w") + "def two(targets):\n    with open(targets[0], 'a') as out:\n        out.write('2')\n", '"actions": [work, two]', "'2'", "'3'"),
    ("second_argument", "An argument of the second of two equal actions is edited.", _write("x, targets", "x", "a"), '"actions": [(work, [1]), (work, [2])]', "[2]", "[3]"),
    ("params_default", "The default of a param that reaches the action is edited.", _write("targets, x", "x"), _PARAM, '"default": 1', '"default": 2'),
):  # fmt: skip
    ACTIONS.run(_name, _says, task_with(_options, _definitions), (_old, _new))

ACTIONS.run(
    "task_params", "The default of a param of the task-creator is edited.",
    _TASK_PARAM, ("'default': 1", "'default': 2"),
)  # fmt: skip
ACTIONS.run(
    "computed_by_creator", "The source of a computed argument is edited.",
    _write("x, targets", "x") + "\ndef choose():\n    return 1\n"
    'def task_work():\n    x = choose()\n    return {"actions": [(work, [x])],'
    ' "file_dep": ["in.txt"], "targets": ["out.txt"]}\n',
    ("return 1", "return 2"),
)  # fmt: skip
ACTIONS.run(
    "closure_of_creator", "A local of the task-creator that the action closes over is edited.",
    "def task_work():\n    x = 1\n    def work(targets):\n        with open(targets[0], 'w') as out:\n"
    "            out.write(repr(x))\n"
    '    return {"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}\n',
    ("x = 1", "x = 2"),
)  # fmt: skip
_NEVER = _write("targets", "1") + "def undo():\n    print('gone')\n"
for _name, _says, _options, _old, _new in (
    ("clean", "The function that cleans is edited.", '"actions": [work], "clean": [undo]', "'gone'", "'away'"),
    ("teardown", "The function that tears down is edited.", '"actions": [work], "teardown": [undo]', "'gone'", "'away'"),
    ("doc", "The doc of the task is edited.", '"actions": [work], "doc": "Works"', '"Works"', '"Labours"'),
    ("verbosity", "The verbosity is edited.", '"actions": [work], "verbosity": 1', '"verbosity": 1', '"verbosity": 0'),
    ("title", "The title of the task is edited.", '"actions": [work], "title": lambda t: t.name', "lambda t: t.name", "lambda t: t.name + ''"),
    ("untracked", "The action of a task with track_code=False is edited.", '"actions": [work, undo], "track_code": False', "print('gone')", "print('')"),
):  # fmt: skip
    ACTIONS.keep(_name, _says, task_with(_options, _NEVER), (_old, _new))

_FG = "def f():\n    return 1\ndef g():\n    return 5\n"
for _name, _says, _definitions, _result in (
    ("table", "A function in a dict is called.", _FG + "TABLE = {'x': f, 'y': g}\n", "TABLE['x']()"),
    ("list", "A function in a list is called.", _FG + "STEPS = [f, g]\n", "STEPS[0]()"),
    ("loop", "All functions of a tuple are called.", _FG + "STEPS = (f, g)\n", "[step() for step in STEPS]"),
    ("nested_table", "A function in a dict in a list is called.", _FG + "TABLE = [{'x': [f]}]\n", "TABLE[0]['x'][0]()"),
    ("lambda_table", "A lambda in a dict calls it.", _FG + "TABLE = {'x': lambda: f()}\n", "TABLE['x']()"),
    ("globals", "A function is found in globals().", _FG, "globals()['f']()"),
    ("class_table", "A class in a dict is called.", "class C:\n    def f(self):\n        return 1\nTABLE = {'x': C}\n", "TABLE['x']().f()"),
    ("by_getattr", "A method is found by getattr.", "class C:\n    def f(self):\n        return 1\n", "getattr(C(), 'f')()"),
    ("by_class_attribute", "A function is a class attribute.", _FG + "class C:\n    call = staticmethod(f)\n", "C.call()"),
    ("by_registry", "A function registers itself at import.", "from collections import defaultdict\nR = defaultdict(list)\ndef f():\n    return 1\nR['x'].append(f)\n", "[f() for f in R['x']]"),
    ("by_function_result", "A function is returned by a function.", _FG + "def choose():\n    return f\n", "choose()()"),
    ("by_namespace", "A function is an attribute of a namespace.", "from types import SimpleNamespace\n" + _FG + "n = SimpleNamespace(call=f)\n", "n.call()"),
    ("by_subclasses", "A subclass is found by __subclasses__.", "class B:\n    pass\nclass C(B):\n    def f(self):\n        return 1\n", "B.__subclasses__()[0]().f()"),
):  # fmt: skip
    DISPATCH.run(_name, _says, gives(_result, _definitions), ("return 1", "return 2"))
for _name, _says, _header, _result in (
    ("getattr_of_module", "A function of a module is found by getattr.", "import helpers\n", "getattr(helpers, 'f')()"),
    ("variable_getattr", "A function of a module is found by getattr with a variable.", "import helpers\nNAME = 'f'\n", "getattr(helpers, NAME)()"),
    ("vars_of_module", "A function is found in the dict of a module.", "import helpers\n", "vars(helpers)['f']()"),
    ("module_in_table", "A module in a dict is used.", "import helpers\nTABLE = {'x': helpers}\n", "TABLE['x'].f()"),
    ("module_passed", "A module is passed to a function that calls its function.", "import helpers\ndef call(module):\n    return module.f()\n", "call(helpers)"),
    ("table_of_module", "A dict of functions in a module is used.", "import helpers\n", "helpers.TABLE['f']()"),
):  # fmt: skip
    _files = {"dodo.py": gives(_result, _header), "helpers.py": _FG + "TABLE = {'f': f}\n"}
    DISPATCH.run(_name, _says, _files, {"helpers.py": ("return 1", "return 2")})
DISPATCH.run(
    "which_key", "Another key of a table of functions is asked for.",
    gives("TABLE['f']()", _FG + "TABLE = {'f': f, 'g': g}\n"), ("TABLE['f']", "TABLE['g']"),
)  # fmt: skip
DISPATCH.run(
    "table_swapped", "Two functions in a table swap places.",
    gives("TABLE['f']()", _FG + "TABLE = {'f': f, 'g': g}\n"),
    ("'f': f, 'g': g", "'f': g, 'g': f"),
)  # fmt: skip
