"""The options of a task: what a user may write in a task dict beside doit's own keys."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.invariant import Invariant
from doit_invariants.plugins.registry import Registry
from doit_invariants.plugins.settings import Settings
from doit_invariants.policies.base import Policy

#: Keys of a task dict that this version understands.
OPTIONS = ("invariants", "cache", "ttl", "track_code", "track_targets")

#: Keys that the design reserves; none is understood yet.
RESERVED = ("export_dir", "export_how", "share")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """The options of one task, with the project's defaults filled in.

    :ivar invariants: those listed, by their id within the task
    :ivar policy: the cache policy
    :ivar own: whether the task itself gives invariants or a policy, so that it may be
        up-to-date without any ``file_dep``
    :ivar track_code, track_targets: whether these are tracked without being listed
    """

    invariants: dict[str, Invariant]
    policy: Policy
    own: bool
    track_code: bool
    track_targets: bool


def parse_options(
    given: Mapping[str, Any], settings: Settings, kinds: Registry, policies: Registry
) -> TaskSpec:
    """Return the options of a task.

    :param given: our keys of the task dict
    :raises InvalidOption: naming the option, what was given and what is allowed
    """
    for key in RESERVED:
        if key in given:
            raise InvalidOption(
                f"option {key!r} belongs to the cache policies export and shared, which this "
                f"version does not have; allowed are {', '.join(OPTIONS)}"
            )
    ttl = given.get("ttl")
    listed = [*_invariant_list(given.get("invariants", ()))]
    found = by_id(listed if ttl is None else [*listed, make_ttl(ttl, kinds)], kinds)
    defaults = list(settings.invariants)
    if settings.ttl is not None:
        defaults.append(make_ttl(settings.ttl, kinds))
    for key, one in by_id(defaults, kinds).items():
        found.setdefault(key, one)  # the task's own beats a default
    cache = given.get("cache", settings.cache)
    own = bool(given.get("invariants")) or ttl is not None or "cache" in given
    return TaskSpec(
        invariants=found,
        policy=_policy(cache, policies),
        own=own,
        track_code=_boolean("track_code", given.get("track_code", settings.track_code)),
        track_targets=_boolean("track_targets", given.get("track_targets", settings.track_targets)),
    )


def by_id(listed: Iterable[Any], kinds: Registry, prefix: str = "") -> dict[str, Invariant]:
    """Check invariants and give each the id under which it is recorded.

    :raises InvalidOption: if one is of no registered kind, has wrong arguments, or two are the same
    """
    found: dict[str, Invariant] = {}
    counts: dict[str, int] = {}
    for one in listed:
        _check_kind(one, kinds)
        one.validate()
        identity = one.name if one.name is not None else one.identity()
        if identity is None:
            number = counts[one.kind] = counts.get(one.kind, 0) + 1
            key = f"{prefix}{one.kind}#{number}"
        else:
            key = f"{prefix}{one.kind}({identity})" if identity else prefix + one.kind
        if key in found:
            hint = "; give them different names" if "name" in _parameters(type(one)) else ""
            raise InvalidOption(
                f"option 'invariants': {found[key].label()} and {one.label()} are the same "
                f"invariant{hint or ', remove one'}"
            )
        found[key] = one
    return found


def _invariant_list(given: Any) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise InvalidOption(
            f"option 'invariants' must be a list like [TTL('1d')], got {given!r:.60}"
        )
    return list(given)


def _check_kind(one: Any, kinds: Registry) -> None:
    known = f"known kinds are {', '.join(kinds.names())}"
    if isinstance(one, type) and issubclass(one, Invariant):
        raise InvalidOption(
            f"option 'invariants': {one.__name__} is a kind, not an invariant; "
            f"write {one.__name__}(...)"
        )
    if not isinstance(one, Invariant):
        hint = "; for the code of a function write Function(f)" if inspect.isroutine(one) else ""
        raise InvalidOption(f"option 'invariants': {one!r:.60} is not an invariant{hint}; {known}")
    registered = kinds.entries.get(one.kind)
    if registered is None or not isinstance(one, registered.cls):
        raise InvalidOption(
            f"option 'invariants': unknown kind {one.kind!r} ({type(one).__module__}."
            f"{type(one).__qualname__}); {known}; a plugin makes a kind known with the hook "
            "invariants_register_kinds"
        )


def _parameters(cls: type) -> Iterable[str]:
    return inspect.signature(cls).parameters


def make_ttl(age: Any, kinds: Registry) -> Invariant:
    """Return the invariant for the option ``ttl``; raises InvalidOption."""
    registered = kinds.entries.get("TTL")
    if registered is None:
        raise InvalidOption("option 'ttl': the plugin 'builtin-kinds' is blocked")
    ttl: Invariant = registered.cls(age)
    try:
        ttl.validate()
    except InvalidOption as error:
        raise InvalidOption(f"option 'ttl': {str(error).removeprefix('TTL: ')}") from error
    return ttl


def _policy(cache: Any, policies: Registry) -> Policy:
    name = str(cache) if isinstance(cache, (bool, str)) else None
    registered = policies.entries.get(name) if name is not None else None
    if registered is None or cache in ("True", "False"):
        allowed = [n if n in ("True", "False") else repr(n) for n in policies.names()]
        raise InvalidOption(
            f"option 'cache': unknown policy {cache!r:.60}; allowed are {', '.join(allowed)}"
        )
    policy: Policy = registered.cls()
    return policy


def _boolean(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(f"option {option!r} must be True or False, got {value!r:.60}")
    return value
