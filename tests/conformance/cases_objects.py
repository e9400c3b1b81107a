"""Edits of objects that functions use: in globals, in closures, in partials."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, gives

LIBRARY = Group("objects of the library")
CONTAINERS = Group("containers")
ARRAYS = Group("arrays and frames")
STATE = Group("objects with state")
GROUPS = (LIBRARY, CONTAINERS, ARRAYS, STATE)

for _name, _says, _imports, _result, _old, _new in (
    ("regex", "A pattern is edited.", "import re\n", "v.sub('-', 'aXb')", "re.compile('X')", "re.compile('b')"),
    ("regex_flags", "The flags of a pattern are edited.", "import re\n", "v.sub('-', 'aXb')", "re.compile('x')", "re.compile('x', re.I)"),
    ("regex_bytes", "A pattern becomes one for bytes.", "import re\n", "type(v.pattern).__name__", "re.compile('x')", "re.compile(b'x')"),
    ("path", "A path is edited.", "from pathlib import Path\n", "v.name", "Path('a')", "Path('b')"),
    ("pure_path", "A path becomes one of another system.", "from pathlib import PurePosixPath, PureWindowsPath\n", "v.name", "PurePosixPath('a\\\\b')", "PureWindowsPath('a\\\\b')"),
    ("date", "A date is edited.", "from datetime import date\n", "v.isoformat()", "date(2024, 1, 1)", "date(2024, 1, 2)"),
    ("datetime", "The microsecond of a time is edited.", "from datetime import datetime\n", "v.isoformat()", "datetime(2024, 1, 1, microsecond=1)", "datetime(2024, 1, 1, microsecond=2)"),
    ("time_zone", "The zone of a time is edited.", "from datetime import datetime, timedelta, timezone\n", "v.isoformat()", "datetime(2024, 1, 1, tzinfo=timezone.utc)", "datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1)))"),
    ("timedelta", "A duration is edited.", "from datetime import timedelta\n", "v.total_seconds()", "timedelta(1)", "timedelta(1, 1)"),
    ("decimal", "The last digit of a decimal is edited.", "from decimal import Decimal\n", "str(v)", "Decimal('1.01')", "Decimal('1.02')"),
    ("decimal_zero", "A zero is added to a decimal.", "from decimal import Decimal\n", "str(v)", "Decimal('1.0')", "Decimal('1.00')"),
    ("fraction", "A fraction is edited.", "from fractions import Fraction\n", "str(v)", "Fraction(1, 3)", "Fraction(1, 7)"),
    ("uuid", "A UUID is edited.", "from uuid import UUID\n", "v.int", "UUID(int=1)", "UUID(int=2)"),
    ("enum_member", "Another member of an enum is the value.", "from http import HTTPStatus\n", "v.phrase", "HTTPStatus.OK", "HTTPStatus.GONE"),
    ("flag", "A flag is added to a flag.", "from re import RegexFlag as R\n", "int(v)", "R.I", "R.I | R.M"),
    ("range", "The step of a range is edited.", "", "list(v)", "range(0, 9, 2)", "range(0, 9, 3)"),
    ("slice", "A slice is edited.", "", "'abc'[v]", "slice(1)", "slice(2)"),
    ("nan", "Infinity becomes NaN.", "", "v", "float('inf')", "float('nan')"),
    ("struct", "The format of a struct is edited.", "from struct import Struct\n", "v.size", "Struct('>i')", "Struct('>q')"),
    ("template", "A template is edited.", "from string import Template\n", "v.substitute(x=1)", "Template('a $x')", "Template('b $x')"),
    ("namespace", "An attribute of a namespace is edited.", "from types import SimpleNamespace\n", "v.a", "SimpleNamespace(a=1)", "SimpleNamespace(a=2)"),
    ("mapping_proxy", "A value behind a read-only view is edited.", "from types import MappingProxyType\n", "v['a']", "MappingProxyType({'a': 1})", "MappingProxyType({'a': 2})"),
    ("ip_address", "An address is edited.", "from ipaddress import ip_address\n", "str(v)", "ip_address('127.0.0.1')", "ip_address('127.0.0.2')"),
    ("config_parser", "A value in a parser is edited.", "from configparser import ConfigParser\ndef read(text):\n    parser = ConfigParser()\n    parser.read_string(text)\n    return parser\n", "v['s']['k']", "read('[s]\\nk = 1')", "read('[s]\\nk = 2')"),
    ("random", "The seed of a generator is edited.", "from random import Random\n", "Random(v).random()", "1", "2"),
):  # fmt: skip
    _dodo = gives(_result, f"{_imports}v = %s\n")
    LIBRARY.run(_name, _says, _dodo % _old, _dodo % _new)

for _name, _says, _imports, _result, _old, _new in (
    ("set_of_mixed_types", "An element of a set of several types is edited.", "", "'b' in v", "{1, 'a', None, (1, 2), b'x', 2.5}", "{1, 'b', None, (1, 2), b'x', 2.5}"),
    ("set_of_tuples", "A tuple in a set is edited.", "", "(1, 'a') in v", "{(1, 'a'), (2, 'b')}", "{(1, 'c'), (2, 'b')}"),
    ("frozenset_in_dict", "An element of a frozenset in a dict is edited.", "", "'a' in v['k']", "{'k': frozenset({'a', 'b'})}", "{'k': frozenset({'c', 'b'})}"),
    ("dict_of_mixed_keys", "A key of a dict with keys of several types is edited.", "", "'a' in v", "{1: 0, 'a': 0, None: 0, (1,): 0}", "{1: 0, 'b': 0, None: 0, (1,): 0}"),
    ("dict_key_type", "A key becomes a string.", "", "list(v)", "{1: 0}", "{'1': 0}"),
    ("dunder_key", "A key that begins with underscores is edited.", "", "list(v)", "{'__a': 1}", "{'__b': 1}"),
    ("list_to_tuple", "A list becomes a tuple.", "", "v", "[1]", "(1,)"),
    ("self_containing_list", "A number in a list that contains itself is edited.", "def loop(n):\n    found = [n]\n    found.append(found)\n    return found\n", "v[0]", "loop(1)", "loop(2)"),
    ("self_containing_dict", "A value in a dict that contains itself is edited.", "def loop(n):\n    found = {'n': n}\n    found['me'] = found\n    return found\n", "v['n']", "loop(1)", "loop(2)"),
    ("cycle_of_objects", "A value in one of two objects that hold each other is edited.", "class C:\n    pass\ndef loop(n):\n    a, b = C(), C()\n    a.other, b.other, b.n = b, a, n\n    return a\n", "v.other.n", "loop(1)", "loop(2)"),
    ("shape_of_cycle", "A list contains itself in another place.", "def loop(n):\n    found = [1, 2]\n    found.insert(n, found)\n    return found\n", "[x is v for x in v]", "loop(0)", "loop(1)"),
    ("deep", "A value under two hundred lists is edited.", "def deep(n):\n    for _ in range(200):\n        n = [n]\n    return n\n", "str(v).strip('[]')", "deep(1)", "deep(2)"),
    ("deque", "An element of a deque is edited.", "from collections import deque\n", "list(v)", "deque([1, 2])", "deque([1, 3])"),
    ("deque_maxlen", "The limit of a deque is edited.", "from collections import deque\n", "v.maxlen", "deque([1], 2)", "deque([1], 3)"),
    ("ordered_dict", "The order of an OrderedDict is edited.", "from collections import OrderedDict as O\n", "list(v)", "O([(1, 1), (2, 2)])", "O([(2, 2), (1, 1)])"),
    ("defaultdict", "The factory of a defaultdict is edited.", "from collections import defaultdict\n", "v['x']", "defaultdict(int)", "defaultdict(list)"),
    ("counter", "A count is edited.", "from collections import Counter\n", "v['a']", "Counter('aab')", "Counter('ab')"),
    ("chain_map", "A value in the second dict of a ChainMap is edited.", "from collections import ChainMap\n", "v['b']", "ChainMap({'a': 1}, {'b': 2})", "ChainMap({'a': 1}, {'b': 3})"),
    ("bytes", "A byte is edited.", "", "v", "b'a\\x00'", "b'a\\x01'"),
    ("bytearray", "A byte of a bytearray is edited.", "", "v", "bytearray(b'a')", "bytearray(b'b')"),
    ("array", "An element of an array is edited.", "from array import array\n", "v[1]", "array('i', [1, 2])", "array('i', [1, 3])"),
    ("named_tuple", "A field of a namedtuple is edited.", "from collections import namedtuple\nN = namedtuple('N', 'x y')\n", "v.y", "N(1, 2)", "N(1, 3)"),
    ("subclass_of_dict", "An attribute of an instance of a subclass of dict is edited.", "class D(dict):\n    pass\ndef make(n):\n    d = D(a=1)\n    d.n = n\n    return d\n", "v.n", "make(1)", "make(2)"),
    ("subclass_of_list", "An attribute of an instance of a subclass of list is edited.", "class L(list):\n    pass\ndef make(n):\n    found = L([1])\n    found.n = n\n    return found\n", "v.n", "make(1)", "make(2)"),
    ("subclass_of_str", "An attribute of an instance of a subclass of str is edited.", "class S(str):\n    pass\ndef make(n):\n    found = S('a')\n    found.n = n\n    return found\n", "v.n", "make(1)", "make(2)"),
    ("long_list", "An element in the middle of a long list is edited.", "def make(n):\n    found = list(range(5000))\n    found[2500] = n\n    return found\n", "v[2500]", "make(1)", "make(2)"),
):  # fmt: skip
    _dodo = gives(_result, f"{_imports}v = %s\n")
    CONTAINERS.run(_name, _says, _dodo % _old, _dodo % _new)

_LARGE = "def make(n):\n    found = np.zeros(100_000)\n    found[50_000] = n\n    return found\n"
for _name, _says, _above, _result, _old, _new in (
    ("middle", "A number in the middle of a large array is edited.", _LARGE, "float(v[50_000])", "make(1)", "make(2)"),
    ("dtype", "The type of the numbers is edited.", "", "str(v.dtype)", "np.array([1, 2], 'int32')", "np.array([1, 2], 'int64')"),
    ("shape", "The shape is edited.", "", "v.shape", "np.zeros((2, 3))", "np.zeros((3, 2))"),
    ("order", "Two numbers swap places.", "", "v.tolist()", "np.array([1, 2])", "np.array([2, 1])"),
    ("scalar", "A scalar gets another type.", "", "str(v.dtype)", "np.float32(1)", "np.float64(1)"),
    ("view", "Another part of an array is seen.", "", "v.tolist()", "np.arange(9)[1:3]", "np.arange(9)[2:4]"),
    ("of_objects", "An object in an array of objects is edited.", "", "v[1]", "np.array([1, 'a'], object)", "np.array([1, 'b'], object)"),
    ("structured", "A field of a structured array is renamed.", "", "v.dtype.names", "np.zeros(2, [('a', 'i4')])", "np.zeros(2, [('b', 'i4')])"),
):  # fmt: skip
    _dodo = gives(_result, f"import numpy as np\n{_above}v = %s\n")
    ARRAYS.run(f"numpy_{_name}", _says, _dodo % _old, _dodo % _new, needs=["numpy"])
    _made = f"def outer(v):\n    def inner():\n        return {_result}\n    return inner\n"
    if _name == "middle":
        _dodo = gives("f()", f"import numpy as np\n{_above}{_made}f = outer(%s)\n")
        ARRAYS.run("numpy_in_closure", "A number in an array in a closure is edited.",
                   _dodo % _old, _dodo % _new, needs=["numpy"])  # fmt: skip
        _dodo = gives("f()", f"import numpy as np\nfrom functools import partial\n{_above}"
                      "def f(v):\n    return float(v[50_000])\nf = partial(f, %s)\n")  # fmt: skip
        ARRAYS.run("numpy_in_partial", "A number in an array in a partial is edited.",
                   _dodo % _old, _dodo % _new, needs=["numpy"])  # fmt: skip
for _name, _says, _result, _old, _new in (
    ("cell", "A cell of a frame is edited.", "int(v.a.iloc[1])", "pd.DataFrame({'a': [1, 2]})", "pd.DataFrame({'a': [1, 3]})"),
    ("column", "A column of a frame is renamed.", "list(v.columns)", "pd.DataFrame({'a': [1]})", "pd.DataFrame({'b': [1]})"),
    ("index", "The index of a frame is edited.", "list(v.index)", "pd.DataFrame({'a': [1]}, ['x'])", "pd.DataFrame({'a': [1]}, ['y'])"),
    ("dtype", "The type of a series is edited.", "str(v.dtype)", "pd.Series([1], dtype='int32')", "pd.Series([1], dtype='int64')"),
    ("text", "A string in a series is edited.", "v[1]", "pd.Series(['a', 'b'])", "pd.Series(['a', 'c'])"),
):  # fmt: skip
    _dodo = gives(_result, "import pandas as pd\nv = %s\n")
    ARRAYS.run(f"pandas_{_name}", _says, _dodo % _old, _dodo % _new, needs=["pandas"])

_SLOTS = "class C:\n    __slots__ = ('x', '__weakref__')\n    def __init__(self, x):\n        self.x = x\n"
_STATE = (
    "class C:\n    def __init__(self, x):\n        self.x, self.cache = x, object()\n"
    "    def __getstate__(self):\n        return {'x': self.x}\n"
)
_REDUCE = (
    "class C:\n    __slots__ = ('x',)\n    def __init__(self, x):\n        self.x = x\n"
    "    def __reduce__(self):\n        return C, (self.x,)\n"
)
_PLAIN = "class C:\n    def __init__(self, x):\n        self.x = x\n"
for _name, _says, _class, _old, _new in (
    ("slots", "A slot of an object is edited.", _SLOTS, "C(1)", "C(2)"),
    ("inherited_slots", "A slot of the base class is edited.", _SLOTS + "class D(C):\n    __slots__ = ()\n", "D(1)", "D(2)"),
    ("slots_and_dict", "A slot of an object that has a __dict__ too is edited.", _SLOTS + "class D(C):\n    pass\n", "D(1)", "D(2)"),
    ("getstate", "The state that __getstate__ gives is edited.", _STATE, "C(1)", "C(2)"),
    ("reduce", "The state that __reduce__ gives is edited.", _REDUCE, "C(1)", "C(2)"),
    ("default_repr", "An object whose repr is an address is edited.", _PLAIN, "C(1)", "C(2)"),
    ("nested", "An object in a list of a tuple is edited.", _PLAIN + "def make(n):\n    return C((1, [C(n)]))\n", "make(1)", "make(2)"),
):  # fmt: skip
    _result = "v.x[1][0].x" if _name == "nested" else "v.x"
    _dodo = gives(_result, f"{_class}v = %s\n")
    STATE.run(_name, _says, _dodo % _old, _dodo % _new)
STATE.keep(
    "left_out_of_state", "A value that __getstate__ leaves out is edited.",
    gives("v.x", _STATE.replace("object()", "y").replace("(self, x)", "(self, x, y)") + "v = C(1, 2)\n"),
    ("C(1, 2)", "C(1, 3)"),
)  # fmt: skip
