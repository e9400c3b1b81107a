"""What plugins registered, by name, and who did."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from doit_invariants.core.errors import InvalidOption

#: The name of our project: of the entry points of its plugins, and in pluggy's marks.
PROJECT = "doit_invariants"


class Later:
    """A class of this package that is imported when it is asked for: few commands need all.

    :param place: its module and name: ``kinds.ttl:TTL``
    :param name: under which it is registered
    """

    __slots__ = ("_module", "_qualname", "name")

    def __init__(self, place: str, name: str = "") -> None:
        self._module, _, self._qualname = place.partition(":")
        self.name = name or self._qualname

    def load(self) -> type[Any]:
        """Return the class."""
        found: type[Any] = getattr(import_module(f"doit_invariants.{self._module}"), self._qualname)
        return found


class Registered:
    """A registered class and the name of the plugin that registered it."""

    __slots__ = ("_given", "plugin")

    def __init__(self, given: type[Any] | Later, plugin: str) -> None:
        self._given = given
        self.plugin = plugin

    @property
    def cls(self) -> type[Any]:
        """The class."""
        if isinstance(self._given, Later):
            self._given = self._given.load()
        return self._given


class Registry:
    """The classes of one sort, by the name that each has in an attribute of its own.

    :ivar sort: what they are, for messages: ``kind``, ``policy``, ``store``
    :ivar attribute: the attribute with the name: ``kind``, ``name``
    :ivar entries: what is registered, by that name
    :ivar checked: classes of objects that were found to be of what is registered, with the name
    """

    def __init__(self, sort: str, attribute: str, base: Later) -> None:
        self.sort = sort
        self.attribute = attribute
        self.entries: dict[str, Registered] = {}
        self.checked: set[tuple[type[Any], str]] = set()
        self._base = base

    def add(self, cls: Any, plugin: str) -> None:
        """Register a class, or one of our own that is imported later.

        :raises InvalidOption: if it is not one of this sort, has no name, or its name is taken
        """
        if isinstance(cls, Later):
            self.entries[cls.name] = Registered(cls, plugin)
            return
        base = self._base.load()
        if not isinstance(cls, type) or not issubclass(cls, base):
            raise InvalidOption(
                f"plugin {plugin!r}: {cls!r:.80} is not a {self.sort}: a {self.sort} is a subclass "
                f"of {base.__module__}.{base.__qualname__}"
            )
        name = getattr(cls, self.attribute, None)
        if not isinstance(name, str) or not name:
            raise InvalidOption(
                f"plugin {plugin!r}: the {self.sort} {cls.__qualname__} has no name; give it the "
                f"class attribute {self.attribute!r}"
            )
        taken = self.entries.get(name)
        if taken is not None:
            raise InvalidOption(
                f"plugin {plugin!r}: the {self.sort} {cls.__module__}.{cls.__qualname__} is called "
                f"{name!r}, but that name is already used by {taken.cls.__module__}."
                f"{taken.cls.__qualname__} of plugin {taken.plugin!r}; rename it, or block that "
                "plugin with the setting `block`"
            )
        self.entries[name] = Registered(cls, plugin)

    def names(self) -> list[str]:
        """Return the registered names in order."""
        return sorted(self.entries)


def kind_registry() -> Registry:
    """Return an empty registry of kinds."""
    return Registry("kind", "kind", Later("rules.invariant:Invariant"))


def policy_registry() -> Registry:
    """Return an empty registry of policies."""
    return Registry("policy", "name", Later("policies.base:Policy"))


def store_registry() -> Registry:
    """Return an empty registry of stores."""
    return Registry("store", "name", Later("stores.base:Store"))
