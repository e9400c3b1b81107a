"""Edits of classes and of their instances."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, gives

CLASSES = Group("classes")
INSTANCES = Group("instances")
GROUPS = (CLASSES, INSTANCES)

for _name, _says, _definitions, _result, _old, _new in (
    ("method", "A method is edited.", "class C:\n    def f(self):\n        return 1\n", "C().f()", "return 1", "return 2"),
    ("property", "A property is edited.", "class C:\n    @property\n    def f(self):\n        return 1\n", "C().f", "return 1", "return 2"),
    ("property_setter", "The setter of a property is edited.", "class C:\n    @property\n    def f(self):\n        return self.v\n    @f.setter\n    def f(self, x):\n        self.v = x + 1\ndef use():\n    c = C()\n    c.f = 1\n    return c.f\n", "use()", "x + 1", "x + 2"),
    ("cached_property", "A cached property is edited.", "from functools import cached_property\nclass C:\n    @cached_property\n    def f(self):\n        return 1\n", "C().f", "return 1", "return 2"),
    ("classmethod", "A class method is edited.", "class C:\n    @classmethod\n    def f(cls):\n        return 1\n", "C.f()", "return 1", "return 2"),
    ("staticmethod", "A static method is edited.", "class C:\n    @staticmethod\n    def f():\n        return 1\n", "C.f()", "return 1", "return 2"),
    ("init", "__init__ is edited.", "class C:\n    def __init__(self):\n        self.x = 1\n", "C().x", "self.x = 1", "self.x = 2"),
    ("new", "__new__ is edited.", "class C:\n    def __new__(cls):\n        return 1\n", "C()", "return 1", "return 2"),
    ("call", "__call__ is edited.", "class C:\n    def __call__(self):\n        return 1\n", "C()()", "return 1", "return 2"),
    ("repr", "__repr__ is edited.", "class C:\n    def __repr__(self):\n        return 'a'\n", "C()", "'a'", "'b'"),
    ("operator", "An operator's method is edited.", "class C:\n    def __add__(self, other):\n        return 1\n", "C() + 1", "return 1", "return 2"),
    ("iteration", "__iter__ is edited.", "class C:\n    def __iter__(self):\n        yield 1\n", "list(C())", "yield 1", "yield 2"),
    ("context_manager", "__enter__ is edited.", "class C:\n    def __enter__(self):\n        return 1\n    def __exit__(self, *_):\n        pass\ndef use():\n    with C() as c:\n        return c\n", "use()", "return 1", "return 2"),
    ("getattr", "__getattr__ is edited.", "class C:\n    def __getattr__(self, name):\n        return name + '1'\n", "C().x", "'1'", "'2'"),
    ("attribute", "A class attribute is edited.", "class C:\n    x = 1\n", "C().x", "x = 1", "x = 2"),
    ("attribute_of_method", "A class attribute that only a method reads is edited.", "class C:\n    x = [1]\n    def f(self):\n        return self.x\n", "C().f()", "[1]", "[2]"),
    ("method_of_method", "A method that only another method calls is edited.", "class C:\n    def g(self):\n        return 1\n    def f(self):\n        return self.g()\n", "C().f()", "return 1", "return 2"),
    ("private", "A method with a mangled name is edited.", "class C:\n    def __g(self):\n        return 1\n    def f(self):\n        return self.__g()\n", "C().f()", "return 1", "return 2"),
    ("base", "The method of a base class is edited.", "class B:\n    def f(self):\n        return 1\nclass C(B):\n    pass\n", "C().f()", "return 1", "return 2"),
    ("super", "A method that is reached by super() is edited.", "class A:\n    def f(self):\n        return 1\nclass B(A):\n    def f(self):\n        return super().f()\nclass C(B):\n    def f(self):\n        return super().f() + 1\n", "C().f()", "return 1", "return 2"),
    ("mixin_order", "The base classes swap places.", "class A:\n    x = 1\nclass B:\n    x = 2\nclass C(A, B):\n    pass\n", "C.x", "C(A, B)", "C(B, A)"),
    ("other_base", "Another base class is inherited from.", "class A:\n    x = 1\nclass B:\n    x = 2\nclass C(A):\n    pass\n", "C.x", "C(A)", "C(B)"),
    ("library_base", "Another class of the library is inherited from.", "from collections import UserDict, UserList\nclass C(UserDict):\n    pass\n", "C.__mro__[1].__name__", "C(UserDict)", "C(UserList)"),
    ("override_added", "A method is added that hides that of the base class.", "class A:\n    def f(self):\n        return 1\nclass C(A):\n    def g(self):\n        return 2\n", "C().f()", "def g(self)", "def f(self)"),
    ("abstract", "The only implementation of an abstract method is edited.", "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\n    def g(self):\n        return self.f()\nclass C(A):\n    def f(self):\n        return 1\n", "C().g()", "return 1", "return 2"),
    ("metaclass", "A method of the metaclass is edited.", "class M(type):\n    def f(cls):\n        return 1\nclass C(metaclass=M):\n    pass\n", "C.f()", "return 1", "return 2"),
    ("metaclass_call", "__call__ of the metaclass is edited.", "class M(type):\n    def __call__(cls):\n        return 1\nclass C(metaclass=M):\n    pass\n", "C()", "return 1", "return 2"),
    ("init_subclass", "__init_subclass__ of the base is edited.", "class B:\n    def __init_subclass__(cls):\n        cls.x = 1\nclass C(B):\n    pass\n", "C.x", "cls.x = 1", "cls.x = 2"),
    ("class_keyword", "A keyword in the head of a class is edited.", "class B:\n    def __init_subclass__(cls, x):\n        cls.x = x\nclass C(B, x=1):\n    pass\n", "C.x", "B, x=1", "B, x=2"),
    ("nested", "A class inside a class is edited.", "class C:\n    class D:\n        x = 1\n", "C.D.x", "x = 1", "x = 2"),
    ("slots", "A slot is added.", "class C:\n    __slots__ = ('a',)\n", "C.__slots__", "('a',)", "('a', 'b')"),
    ("dataclass_default", "The default of a dataclass field is edited.", "from dataclasses import dataclass\n@dataclass\nclass C:\n    x: int = 1\n", "C()", "int = 1", "int = 2"),
    ("dataclass_field_order", "The fields of a dataclass swap places.", "from dataclasses import dataclass\n@dataclass\nclass C:\n    x: int\n    y: int\n", "C(1, 2)", "    x: int\n    y: int\n", "    y: int\n    x: int\n"),
    ("dataclass_factory", "The default_factory of a dataclass field is edited.", "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    x: list = field(default_factory=lambda: [1])\n", "C()", "[1]", "[2]"),
    ("dataclass_post_init", "__post_init__ is edited.", "from dataclasses import dataclass\n@dataclass\nclass C:\n    x: int = 1\n    def __post_init__(self):\n        self.x += 1\n", "C()", "+= 1", "+= 2"),
    ("dataclass_option", "An option of a dataclass is edited.", "from dataclasses import dataclass\n@dataclass(repr=True)\nclass C:\n    x: int = 1\n    def __str__(self):\n        return 'c'\n", "'C(' in repr(C())", "repr=True", "repr=False"),
    ("enum_value", "The value of an enum member is edited.", "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\n", "E.A.value", "A = 1", "A = 3"),
    ("enum_method", "A method of an enum is edited.", "from enum import Enum\nclass E(Enum):\n    A = 1\n    def f(self):\n        return 1\n", "E.A.f()", "return 1", "return 2"),
    ("enum_order", "The members of an enum swap places.", "from enum import Enum, auto\nclass E(Enum):\n    A = 1\n    B = 2\n", "[e.name for e in E]", "    A = 1\n    B = 2\n", "    B = 2\n    A = 1\n"),
    ("namedtuple_default", "The default of a NamedTuple field is edited.", "from typing import NamedTuple\nclass N(NamedTuple):\n    x: int = 1\n", "N()", "int = 1", "int = 2"),
    ("namedtuple_function_default", "The defaults given to namedtuple are edited.", "from collections import namedtuple\nN = namedtuple('N', 'x', defaults=[1])\n", "N()", "[1]", "[2]"),
    ("descriptor", "__get__ of a descriptor is edited.", "class D:\n    def __get__(self, obj, owner):\n        return 1\nclass C:\n    x = D()\n", "C().x", "return 1", "return 2"),
    ("descriptor_state", "The state of a descriptor is edited.", "class D:\n    def __init__(self, v):\n        self.v = v\n    def __get__(self, obj, owner):\n        return self.v\nclass C:\n    x = D(1)\n", "C().x", "D(1)", "D(2)"),
    ("set_later", "A method that is set on the class below it is edited.", "class C:\n    pass\ndef f(self):\n    return 1\nC.f = f\n", "C().f()", "return 1", "return 2"),
    ("attribute_set_later", "An attribute that is set on the class below it is edited.", "class C:\n    pass\nC.x = 1\n", "C.x", "C.x = 1", "C.x = 2"),
    ("by_type", "A class that type() made is edited.", "C = type('C', (), {'x': 1})\n", "C.x", "'x': 1", "'x': 2"),
    ("decorated", "The decorator of a class is edited.", "def mark(cls):\n    cls.x = 1\n    return cls\n@mark\nclass C:\n    pass\n", "C.x", "cls.x = 1", "cls.x = 2"),
    ("exception", "__str__ of an exception is edited.", "class E(Exception):\n    def __str__(self):\n        return 'a'\n", "str(E())", "'a'", "'b'"),
    ("body_condition", "A condition in the body of a class is edited.", "class C:\n    if True:\n        x = 1\n    else:\n        x = 2\n", "C.x", "if True", "if False"),
    ("which_class", "Another class is instantiated.", "class A:\n    x = 1\nclass B:\n    x = 2\n", "A().x", "A()", "B()"),
    ("generic", "A method of a generic class is edited.", "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass C(Generic[T]):\n    def f(self):\n        return 1\n", "C[int]().f()", "return 1", "return 2"),
    ("through_instance_check", "The __instancecheck__ of a class is edited.", "class M(type):\n    def __instancecheck__(cls, x):\n        return True\nclass C(metaclass=M):\n    pass\n", "isinstance(1, C)", "return True", "return False"),
    ("base_of_library", "A method called back by a class of the library is edited.", "from json import JSONEncoder, dumps\nclass C(JSONEncoder):\n    def default(self, o):\n        return 'a'\n", "dumps(object(), cls=C)", "'a'", "'b'"),
):  # fmt: skip
    CLASSES.run(_name, _says, gives(_result, _definitions), (_old, _new))

for _name, _says, _definitions, _result, _file, _edit in (
    ("base_elsewhere", "The base class lives in another module.", "from helpers import B\nclass C(B):\n    pass\n", "C().f()", "class B:\n    def f(self):\n        return 1\n", ("return 1", "return 2")),
    ("by_module", "A class is reached through its module.", "import helpers\n", "helpers.B().f()", "class B:\n    def f(self):\n        return 1\n", ("return 1", "return 2")),
    ("classmethod_by_module", "A class method is reached through a module.", "import helpers\n", "helpers.B.make()", "class B:\n    @classmethod\n    def make(cls):\n        return 1\n", ("return 1", "return 2")),
    ("metaclass_elsewhere", "The metaclass lives in another module.", "from helpers import M\nclass C(metaclass=M):\n    pass\n", "C.f()", "class M(type):\n    def f(cls):\n        return 1\n", ("return 1", "return 2")),
    ("enum_elsewhere", "An enum lives in another module.", "from helpers import E\n", "E.A.value", "from enum import Enum\nclass E(Enum):\n    A = 1\n", ("A = 1", "A = 2")),
):  # fmt: skip
    CLASSES.run(
        _name,
        _says,
        {"dodo.py": gives(_result, _definitions), "helpers.py": _file},
        {"helpers.py": _edit},
    )

_C = "class C:\n    def __init__(self, x):\n        self.x = x\n    def f(self):\n        return self.x\n"
for _name, _says, _definitions, _result, _old, _new in (
    ("attribute", "The state of a global instance is edited.", _C + "c = C(1)\n", "c.f()", "C(1)", "C(2)"),
    ("attribute_set_later", "An attribute that is set below is edited.", _C + "c = C(1)\nc.x = 2\n", "c.f()", "c.x = 2", "c.x = 3"),
    ("method", "A method of a global instance is edited.", _C + "c = C(1)\n", "c.f()", "return self.x", "return -self.x"),
    ("callable", "The __call__ of a global instance is edited.", "class C:\n    def __call__(self):\n        return 1\nc = C()\n", "c()", "return 1", "return 2"),
    ("callable_state", "The state of a callable instance is edited.", "class C:\n    def __init__(self, x):\n        self.x = x\n    def __call__(self):\n        return self.x\nc = C(1)\n", "c()", "C(1)", "C(2)"),
    ("bound_method", "The state behind a global bound method is edited.", _C + "f = C(1).f\n", "f()", "C(1)", "C(2)"),
    ("bound_method_body", "The body of a global bound method is edited.", _C + "f = C(1).f\n", "f()", "return self.x", "return -self.x"),
    ("in_list", "The state of an instance in a list is edited.", _C + "L = [C(1), C(2)]\n", "[c.f() for c in L]", "C(2)", "C(3)"),
    ("method_of_one_in_dict", "The method of instances in a dict is edited.", _C + "D = {'a': C(1)}\n", "D['a'].f()", "return self.x", "return -self.x"),
    ("in_instance", "The state of an instance inside an instance is edited.", _C + "c = C(C(1))\n", "c.f().f()", "C(C(1))", "C(C(2))"),
    ("function_in_instance", "A function that an instance holds is edited.", _C + "def g():\n    return 1\nc = C(g)\n", "c.x()", "return 1", "return 2"),
    ("dataclass", "A field of a global dataclass instance is edited.", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\np = P(1)\n", "p", "P(1)", "P(2)"),
    ("dataclass_property", "A property of the class of a global dataclass instance is edited.", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    @property\n    def y(self):\n        return self.x + 1\np = P(1)\n", "p.y", "self.x + 1", "self.x + 2"),
    ("repr_same", "The state changes, though the repr stays as it was.", "class C:\n    def __init__(self, x):\n        self.x = x\n    def __repr__(self):\n        return 'C'\nc = C(1)\n", "c.x", "C(1)", "C(2)"),
    ("equal_always", "The state changes, though the objects call themselves equal.", "class C:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return True\n    __hash__ = None\nc = C(1)\n", "c.x", "C(1)", "C(2)"),
    ("attribute_chain", "A value behind three attributes is edited.", "from types import SimpleNamespace as N\nn = N(a=N(b=N(c=1)))\n", "n.a.b.c", "c=1", "c=2"),
    ("other_class", "An instance becomes one of another class with the same state.", _C + "class D(C):\n    def f(self):\n        return -self.x\nc = C(1)\n", "c.f()", "c = C(1)", "c = D(1)"),
):  # fmt: skip
    INSTANCES.run(_name, _says, gives(_result, _definitions), (_old, _new))
