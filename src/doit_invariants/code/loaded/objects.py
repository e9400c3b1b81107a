"""The parts of objects made of code: partials, methods, properties, decorated functions."""

from __future__ import annotations

import functools
import gc
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

from doit_invariants.code.loaded.library import Library
from doit_invariants.code.loaded.operations import closure_of, with_nested

Part = tuple[str, Any]

#: Types written in C: a name and a version represent their objects.
COMPILED = (
    types.BuiltinFunctionType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_METHODS = (types.BuiltinMethodType, types.MethodWrapperType)
_AROUND = (functools.partial, types.MethodType, staticmethod, classmethod)
_CYTHON = frozenset({"cython_function_or_method", "fused_cython_function"})
_CACHED = type(functools.lru_cache(lambda: None))
# doit's own marks on task-creators.
_MARKS = ("doit", "create_doit_tasks", "basename")


def is_cython(obj: Any) -> bool:
    """Return whether this is a function that Cython compiled."""
    return type(obj).__name__ in _CYTHON


def is_class(obj: Any) -> TypeGuard[type]:
    """Return whether this is a class. In Python 3.10 ``list[int]`` claims to be one."""
    # No isinstance: a proxy passes itself off as another object.
    return issubclass(type(obj), type)


def is_code(obj: Any, library: Library) -> bool:
    """Return whether an object is code or made of code, and not a value."""
    return type(obj) is types.FunctionType or tag(obj, library) is not None


def tag(obj: Any, library: Library, *, as_before: bool = False) -> str | None:
    """Return the type of an object made of other code, None for other objects.

    :param as_before: whether to include only what the first version of records had
    """
    if is_class(obj):
        return "class"
    for cls, name, _ in _MADE_OF:
        if issubclass(type(obj), cls):
            if not isinstance(obj, _METHODS):
                return name
            return f"{name} {obj.__name__}" if _is_value(obj.__self__) else None
    # An object of a project class counts by its class and its state instead.
    if is_wrapper(obj, library):
        from doit_invariants.code.loaded import wrappers

        if as_before and type(wrappers.wrapped(obj)) is not types.FunctionType:
            return None
        return f"{type(obj).__module__}.{type(obj).__qualname__}"
    return None


def is_wrapper(obj: Any, library: Library) -> bool:
    """Return whether this is an object of an installed class that stands for a function."""
    if not library.owns(type(obj)):
        return False
    from doit_invariants.code.loaded import wrappers  # late: most code is functions

    return wrappers.wrapped(obj) is not None


def is_made_by_hand(module: types.ModuleType, library: Library) -> bool:
    """Return whether a module has no file, such as ``types.ModuleType("settings")``."""
    named = str(vars(module).get("__name__"))
    if vars(module).get("__spec__") is not None or "__file__" in vars(module):
        return False
    if sys.modules.get(named) is not module:
        return True
    # It is registered under its name. If it belongs to a library, it may hold internal state.
    top = sys.modules.get(named.partition(".")[0])
    known = named == "__main__" or top is None or library.owns(top)
    return not known and (type(module) is types.ModuleType or not library.owns(type(module)))


def is_installed(obj: Any, library: Library) -> bool:
    """Return whether a unit is an installed decorator's: its state is part of its version."""
    return (type(obj) is types.FunctionType and library.owns(obj)) or is_wrapper(obj, library)


def parts(obj: Any, library: Library, *, as_before: bool = False) -> Iterable[Part]:
    """Return the parts of a class, or of an object for which :func:`tag` returns a type.

    :param as_before: whether to include only what the first version of records had
    """
    if is_class(obj):
        from doit_invariants.code.loaded import classes

        return classes.parts(obj, library, as_before=as_before)
    if isinstance(obj, types.FunctionType):
        return _of_wrapper(obj)
    if isinstance(obj, types.ModuleType):
        found = [part for part in sorted(vars(obj).items()) if not part[0].startswith("__")]
        return found if type(obj) is types.ModuleType else [("class", type(obj)), *found]
    for cls, _, split in _MADE_OF:
        if issubclass(type(obj), cls):
            if library.owns(type(obj)):
                return split(obj)
            state = getattr(obj, "__dict__", None)  # a subclass in the project
            return (*split(obj), ("class", type(obj)), ("state", state))
    from doit_invariants.code.loaded import wrappers

    held = () if as_before else wrappers.state(obj)
    return (("function", wrappers.wrapped(obj)), *held)


def carries(func: types.FunctionType) -> bool:
    """Return whether an installed function holds objects from outside its distribution.

    The wrapper of a decorator does: the function of the project, the arguments of the decorator. A
    function that can be imported under its own name does not.
    """
    if not func.__closure__:
        return False
    module = sys.modules.get(str(func.__globals__.get("__name__")))
    return getattr(module, func.__name__, None) is not func


def own_values(func: types.FunctionType) -> Iterator[Part]:
    """Yield the values that a function itself holds: defaults and attributes."""
    code = func.__code__
    defaults = func.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    for name, value in zip(names, defaults, strict=True):
        yield f"default of {name}", value
    keywords = func.__kwdefaults__ or {}
    for name in code.co_varnames[code.co_argcount :]:
        if name in keywords:
            yield f"default of {name}", keywords[name]
    for name, value in sorted(vars(func).items()):
        if name == "__wrapped__" or not name.startswith(("__", *_MARKS)):
            yield f"attribute {name}", value


def extras(obj: Any, wanted: Iterable[str]) -> Iterator[Part]:
    """Yield parts of a function or class that count only if some code reads them."""
    if not isinstance(obj, (types.FunctionType, type)):
        return
    for word in sorted(wanted):
        if word == "name":
            yield "name", [obj.__qualname__, [code.co_name for code in _nested(obj)]]
        elif word == "doc":
            docs = [text for code in _nested(obj) for text in _docstrings(code)]
            yield "docstring", [inspect.cleandoc(obj.__doc__ or ""), *map(inspect.cleandoc, docs)]
        elif word.endswith("annotations"):
            from doit_invariants.code.loaded import hints

            kind = "class " if isinstance(obj, type) else "function "
            if word in ("annotations", f"{kind}annotations") and hints.of(obj):
                yield "annotations", hints.resolved(obj)


def code_inside(value: Any) -> list[Any]:
    """Return the functions that an object which can't be encoded itself holds.

    The garbage collector knows them even if an object written in C (a ``map``, a ``cmp_to_key``)
    has no attribute for them.
    """
    found = gc.get_referents(value)
    return [one for one in found if isinstance(one, types.FunctionType)]


def subclasses(known: Iterable[type]) -> list[type]:
    """Return all direct and indirect subclasses, in the order of their definition."""
    todo = list(known)
    for cls in todo:  # grows while it is walked
        below: list[type] = type.__subclasses__(cls)
        todo += [one for one in below if one not in todo]
    return todo


def home(cls: type, library: Library) -> str:
    """Return the file and line of a project class if one of its methods has them."""
    for value in vars(cls).values():
        # Other objects may create attributes when they are read: pydantic completes a class.
        code = value.__code__ if type(value) is types.FunctionType else None
        if code is not None and library.project.contains(code.co_filename):
            return place(code, library)
    return cls.__module__


def place(code: types.CodeType, library: Library) -> str:
    """Return the file and line of code, for display."""
    path = code.co_filename
    file = path if path.startswith("<") else library.project.relative(path)
    return f"{file}:{code.co_firstlineno}"


def shown_name(obj: Any) -> str:
    """Return the name of a callable for display, whatever it is made of."""
    inner = obj
    while issubclass(type(inner), _AROUND):
        inner = inner.func if issubclass(type(inner), functools.partial) else inner.__func__
    try:
        name = getattr(inner, "__name__", None)
    except Exception:  # its class creates attributes on demand, and can't create this one
        name = None
    return name if isinstance(name, str) else type(inner).__name__


def _nested(obj: Any) -> Iterator[types.CodeType]:
    todo = [getattr(obj, "__code__", None)]
    for code in todo:  # grows while it is walked
        for constant in code.co_consts if code is not None else ():
            if isinstance(constant, types.CodeType):
                yield constant
                todo.append(constant)


def _docstrings(code: types.CodeType) -> list[str]:
    """Return the strings of a code object that include its docstring."""
    texts = [text for text in code.co_consts if isinstance(text, str)]
    if code.co_flags & inspect.CO_OPTIMIZED:
        # From Python 3.14 on a flag marks the docstring: the first constant may be any other
        # string.
        if sys.version_info >= (3, 14) and not code.co_flags & inspect.CO_HAS_DOCSTRING:
            return []
        return texts[:1] if texts and code.co_consts[0] is texts[0] else []
    return [text for text in texts if "<locals>" not in text]  # the body of a class


def private_names(func: types.FunctionType) -> list[str]:
    """Return the names into which Python inserted the name of the class: ``_Config__limit``."""
    names = {name for code in with_nested(func.__code__) for name in code.co_names}
    return sorted(filter(_is_private, names))


def _is_private(name: str) -> bool:
    head = name[0] == "_" and name[1:2] not in ("", "_")
    return head and "__" in name[2:] and not name.endswith("__")


def _of_partial(obj: Any) -> Iterator[Part]:
    yield "function", obj.func
    for number, value in enumerate(obj.args):
        yield f"argument {number}", value
    for name, value in sorted(obj.keywords.items()):
        yield f"argument {name}", value


def _of_wrapper(func: types.FunctionType) -> Iterator[Part]:
    if hasattr(func, "registry") and hasattr(func, "dispatch"):  # functools.singledispatch
        yield from _implementations(func)
        return
    for name, value in closure_of(func).items():
        yield f"closure {name}", value
    if "__wrapped__" in vars(func):
        yield "function", vars(func)["__wrapped__"]


def _implementations(dispatcher: Any) -> Iterator[Part]:
    for cls, func in dispatcher.registry.items():
        yield f"implementation for {cls.__module__}.{cls.__qualname__}", func


def _is_value(owner: Any) -> bool:
    return owner is not None and not isinstance(owner, (types.ModuleType, type))


def _of_property(obj: property) -> Iterator[Part]:
    for label, func in (("getter", obj.fget), ("setter", obj.fset), ("deleter", obj.fdel)):
        if func is not None:
            yield label, func


def _of_dispatcher(obj: Any) -> Iterator[Part]:
    yield "function", obj.func
    yield from _implementations(obj.dispatcher)


_MADE_OF: tuple[tuple[Any, str, Callable[[Any], Iterable[Part]]], ...] = (
    ((functools.partial, functools.partialmethod), "partial", _of_partial),
    (
        types.MethodType,
        "bound method",
        lambda obj: (("function", obj.__func__), ("self", obj.__self__)),
    ),
    (staticmethod, "staticmethod", lambda obj: (("function", obj.__func__),)),
    (classmethod, "classmethod", lambda obj: (("function", obj.__func__),)),
    (property, "property", _of_property),
    (functools.cached_property, "cached_property", lambda obj: (("function", obj.func),)),
    (functools.singledispatchmethod, "singledispatchmethod", _of_dispatcher),
    (
        _CACHED,
        "lru_cache",
        lambda obj: (("function", obj.__wrapped__), ("parameters", obj.cache_parameters())),
    ),
    (_METHODS, "method", lambda obj: (("self", obj.__self__),)),
)
