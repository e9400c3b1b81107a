"""The options of a task: the keys that we add to doit's own in a task dict."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import ASIDE, HOWS
from doit_invariants.plugins.registry import Registry
from doit_invariants.plugins.settings import Settings
from doit_invariants.policies.base import Policy
from doit_invariants.rules.invariant import Invariant

#: Our keys of a task dict.
OPTIONS = (
    "invariants",
    "cache",
    "ttl",
    "export_dir",
    "export_how",
    "export_overwrite",
    "share",
    "track_code",
    "track_targets",
)


class TaskSpec(NamedTuple):
    """The options of one task, with the project's defaults filled in.

    :ivar invariants: the listed invariants, by their id within the task
    :ivar policy: the cache policy that applies
    :ivar declared: the policy of the task or the settings, which the command line may override
    :ivar asked: whether the task sets its policy itself
    :ivar own: whether the task itself sets invariants or a policy, so that it can be up-to-date
        without any ``file_dep``
    :ivar track_code, track_targets: whether these are tracked without being listed
    :ivar export_dir: absolute, None if there is none
    :ivar export_how, export_overwrite: see the settings
    :ivar share: whether targets may go into a store
    """

    invariants: dict[str, Invariant]
    policy: Policy
    own: bool
    track_code: bool
    track_targets: bool
    export_dir: str | None = None
    export_how: str = "copy"
    export_overwrite: bool = False
    share: bool = True
    asked: bool = False
    declared: Policy = Policy()

    @property
    def exports(self) -> bool:
        """Whether the targets are exported after the actions ran.

        This includes runs in which the command line sets a policy that keeps nothing: users force a
        new result this way, and a later run would restore the old export.
        """
        if self.policy.keeps is None:
            return self.declared.keeps == "export" and self.export_dir is not None
        return self.policy.keeps == "export"


def default_options(
    settings: Settings, kinds: Registry, policies: Registry, override: bool | str | None = None
) -> TaskSpec:
    """Return the options of a task that sets none: those of the project.

    :param override: the policy of the command line, which overrides all others
    :raises InvalidOption: naming the option, what was given and what is allowed
    """
    defaults = list(settings.invariants)
    if settings.ttl is not None:
        defaults.append(make_ttl(settings.ttl, kinds))
    policy = declared = make_policy(settings.cache, policies)
    if override is not None:
        policy = make_policy(override, policies, "--cache (or DOIT_CACHE)")
    return TaskSpec(
        invariants=by_id(defaults, kinds),
        policy=policy,
        declared=declared,
        own=False,
        export_dir=_export_dir(settings.export_dir),
        export_how=_how(settings.export_how),
        **{key: _boolean(key, getattr(settings, key)) for key in _BOOLEANS},
    )


def parse_options(
    given: Mapping[str, Any],
    default: TaskSpec,
    kinds: Registry,
    policies: Registry,
    override: bool | str | None = None,
) -> TaskSpec:
    """Return the options of a task.

    :param given: our keys of the task dict
    :param default: the options for the keys that it does not set
    :param override: the policy of the command line, None for none; ``default`` has it already
    :raises InvalidOption: naming the option, what was given and what is allowed
    """
    changed: dict[str, Any] = {key: _boolean(key, given[key]) for key in _BOOLEANS if key in given}
    listed, ttl = _invariant_list(given.get("invariants", ())), given.get("ttl")
    defaults = default.invariants
    if ttl is not None:
        listed = [*listed, make_ttl(ttl, kinds)]
    elif "ttl" in given:
        defaults = changed["invariants"] = {k: one for k, one in defaults.items() if k != "TTL"}
    if listed:
        changed["invariants"] = _merged(by_id(listed, kinds), defaults)
        changed["own"] = True
    if "cache" in given:
        policy = make_policy(given["cache"], policies)  # report a mistake even if it is overridden
        changed["own"], changed["declared"] = True, policy
        if override is None:
            changed["policy"], changed["asked"] = policy, True
    if "export_dir" in given:
        changed["export_dir"] = _export_dir(given["export_dir"])
    if "export_how" in given:
        changed["export_how"] = _how(given["export_how"])
    return default._replace(**changed)


def _merged(own: dict[str, Invariant], defaults: dict[str, Invariant]) -> dict[str, Invariant]:
    """Add the project's invariants to a task's own, which override those with the same id."""
    for key, one in defaults.items():
        if key in own and one.name is None and one.identity() is None:
            own[f"{key} of the project"] = one  # unnamed invariants are never the same
        else:
            own.setdefault(key, one)
    return own


_BOOLEANS = ("track_code", "track_targets", "export_overwrite", "share")


def by_id(listed: Iterable[Any], kinds: Registry, prefix: str = "") -> dict[str, Invariant]:
    """Check invariants, and give each the id under which it is recorded.

    :raises InvalidOption: if a kind is not registered, an argument is wrong, or two have the same
        id
    """
    found: dict[str, Invariant] = {}
    counts: dict[str, int] = {}
    for one in listed:
        if (type(one), getattr(one, "kind", "")) not in kinds.checked:
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


def _invariant_list(given: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(given, (list, tuple)):
        raise InvalidOption(
            f"option 'invariants' must be a list like [TTL('1d')], got {given!r:.60}"
        )
    return given


def _check_kind(one: Any, kinds: Registry) -> None:
    if isinstance(one, Invariant):
        registered = kinds.entries.get(one.kind)
        if registered is not None and isinstance(one, registered.cls):
            kinds.checked.add((type(one), one.kind))
            return
    raise InvalidOption(f"option 'invariants': {_unknown(one, kinds)}")


def _unknown(one: Any, kinds: Registry) -> str:
    known = f"known kinds are {', '.join(kinds.names())}"
    if isinstance(one, type) and issubclass(one, Invariant):
        return f"{one.__name__} is a kind, not an invariant; write {one.__name__}(...)"
    if not isinstance(one, Invariant):
        hint = "; for the code of a function write Function(f)" if inspect.isroutine(one) else ""
        return f"{one!r:.60} is not an invariant{hint}; {known}"
    return (
        f"unknown kind {one.kind!r} ({type(one).__module__}.{type(one).__qualname__}); {known}; a "
        "plugin registers a kind with the hook invariants_register_kinds"
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


def make_policy(cache: Any, policies: Registry, option: str = "option 'cache'") -> Policy:
    """Return the policy for the value of ``cache``; raises InvalidOption, listing known ones."""
    name = str(cache) if isinstance(cache, (bool, str)) else None
    registered = policies.entries.get(name) if name is not None else None
    if registered is None or cache in ("True", "False"):
        allowed = [n if n in ("True", "False") else repr(n) for n in policies.names()]
        raise InvalidOption(
            f"{option}: unknown policy {cache!r:.60}; allowed are {', '.join(allowed)}"
        )
    policy: Policy = registered.cls()
    return policy


def _boolean(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(f"option {option!r} must be True or False, got {value!r:.60}")
    return value


def _export_dir(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, (str, os.PathLike)) or not os.fspath(given):
        raise InvalidOption(
            f"option 'export_dir' must be a path like 'published', got {given!r:.60}"
        )
    if "*" in os.fspath(given):
        raise InvalidOption(
            f"option 'export_dir' must be one directory, not a pattern, got {given!r:.60}"
        )
    directory = os.path.abspath(os.path.expanduser(os.fspath(given)))
    if ASIDE in directory.split(os.sep):
        raise InvalidOption(f"option 'export_dir' must not be inside {ASIDE}, got {given!r:.60}")
    return directory


def _how(given: Any) -> str:
    if given not in HOWS:
        raise InvalidOption(
            f"option 'export_how' must be one of {', '.join(HOWS)}, got {given!r:.60}"
        )
    return str(given)
