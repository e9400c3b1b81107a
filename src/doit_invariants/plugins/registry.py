"""What plugins registered, by name, and who did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.invariant import Invariant
from doit_invariants.policies.base import Policy
from doit_invariants.stores.base import Store


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered class and the name of the plugin that registered it."""

    cls: type[Any]
    plugin: str


@dataclass(slots=True)
class Registry:
    """The classes of one sort, by the name that each has in an attribute of its own.

    :ivar sort: what they are, for messages: ``kind``, ``policy``, ``store``
    :ivar attribute: the attribute with the name: ``kind``, ``name``
    :ivar base: the class that they must extend
    """

    sort: str
    attribute: str
    base: type
    entries: dict[str, Registered] = field(default_factory=dict)

    def add(self, cls: Any, plugin: str) -> None:
        """Register a class.

        :raises InvalidOption: if it is not one of this sort, has no name, or its name is taken
        """
        if not isinstance(cls, type) or not issubclass(cls, self.base):
            raise InvalidOption(
                f"plugin {plugin!r}: {cls!r:.80} is not a {self.sort}: a {self.sort} is a subclass "
                f"of {self.base.__module__}.{self.base.__qualname__}"
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
    return Registry("kind", "kind", Invariant)


def policy_registry() -> Registry:
    """Return an empty registry of policies."""
    return Registry("policy", "name", Policy)


def store_registry() -> Registry:
    """Return an empty registry of stores."""
    return Registry("store", "name", Store)
