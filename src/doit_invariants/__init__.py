"""Invariants and cache policies for doit.

An invariant is something that must not have changed since a task last succeeded. The names in
``__all__`` are the public API; the README gives a tour, ``docs/`` is the reference.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from doit_invariants.code.programs.table import Program
    from doit_invariants.core.errors import CannotFingerprint, InvalidOption, InvariantsError
    from doit_invariants.core.model import Change, Difference, Reason, Verdict
    from doit_invariants.hosts.doit.loader import Loader, ModuleLoader, run
    from doit_invariants.hosts.doit.uptodate import invariants
    from doit_invariants.kinds.command import Command
    from doit_invariants.kinds.distribution import Distribution
    from doit_invariants.kinds.env import Env
    from doit_invariants.kinds.files import Files
    from doit_invariants.kinds.function import Function
    from doit_invariants.kinds.git import Git
    from doit_invariants.kinds.module import Module
    from doit_invariants.kinds.script import Script
    from doit_invariants.kinds.task import Task
    from doit_invariants.kinds.tree import Tree
    from doit_invariants.kinds.ttl import TTL
    from doit_invariants.kinds.value import Value
    from doit_invariants.plugins.hookspecs import hookimpl
    from doit_invariants.plugins.settings import Settings
    from doit_invariants.policies.base import Answer, Facts, Policy
    from doit_invariants.results.entry import ResultEntry
    from doit_invariants.results.places import ResultKey, Sink, Source
    from doit_invariants.rules.invariant import Context, Fingerprint, Invariant
    from doit_invariants.rules.record import Record
    from doit_invariants.stores.base import (
        Pruned,
        PruneLimits,
        Store,
        StoredEntry,
        StoreError,
        StoreOptions,
        Verification,
    )
    from doit_invariants.stores.local.store import DirectoryStore

__all__ = [
    "TTL",
    "Answer",
    "CannotFingerprint",
    "Change",
    "Command",
    "Context",
    "Difference",
    "DirectoryStore",
    "Distribution",
    "Env",
    "Facts",
    "Files",
    "Fingerprint",
    "Function",
    "Git",
    "InvalidOption",
    "Invariant",
    "InvariantsError",
    "Loader",
    "Module",
    "ModuleLoader",
    "Policy",
    "Program",
    "PruneLimits",
    "Pruned",
    "Reason",
    "Record",
    "ResultEntry",
    "ResultKey",
    "Script",
    "Settings",
    "Sink",
    "Source",
    "Store",
    "StoreError",
    "StoreOptions",
    "StoredEntry",
    "Task",
    "Tree",
    "Value",
    "Verdict",
    "Verification",
    "hookimpl",
    "invariants",
    "run",
]

#: The module of each public name. Names are imported on first use, so that a dodo.py imports only
#: the kinds that it uses.
_HOME = {
    "Answer": "policies.base",
    "CannotFingerprint": "core.errors",
    "Change": "core.model",
    "Command": "kinds.command",
    "Context": "rules.invariant",
    "Difference": "core.model",
    "DirectoryStore": "stores.local.store",
    "Distribution": "kinds.distribution",
    "Env": "kinds.env",
    "Facts": "policies.base",
    "Files": "kinds.files",
    "Fingerprint": "rules.invariant",
    "Function": "kinds.function",
    "Git": "kinds.git",
    "InvalidOption": "core.errors",
    "Invariant": "rules.invariant",
    "InvariantsError": "core.errors",
    "Loader": "hosts.doit.loader",
    "Module": "kinds.module",
    "ModuleLoader": "hosts.doit.loader",
    "Policy": "policies.base",
    "Program": "code.programs.table",
    "PruneLimits": "stores.base",
    "Pruned": "stores.base",
    "Reason": "core.model",
    "Record": "rules.record",
    "ResultEntry": "results.entry",
    "ResultKey": "results.places",
    "Script": "kinds.script",
    "Settings": "plugins.settings",
    "Sink": "results.places",
    "Source": "results.places",
    "Store": "stores.base",
    "StoreError": "stores.base",
    "StoreOptions": "stores.base",
    "StoredEntry": "stores.base",
    "TTL": "kinds.ttl",
    "Task": "kinds.task",
    "Tree": "kinds.tree",
    "Value": "kinds.value",
    "Verdict": "core.model",
    "Verification": "stores.base",
    "hookimpl": "plugins.hookspecs",
    "invariants": "hosts.doit.uptodate",
    "run": "hosts.doit.loader",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("doit-invariants")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if "doit.loader" in sys.modules:
    # A dodo.py imports this package while doit loads it. Otherwise there is no doit to extend.
    from doit_invariants.hosts.doit.activation import activate

    activate()
