"""The signature under which the result of a task is shared, or why it can't be shared."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.core.paths import is_inside, portable, relative_to
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.files.tree import TreeState
from doit_invariants.hashing.digest import is_plain_md5
from doit_invariants.rules.decide import Observed
from doit_invariants.rules.record import PathState
from doit_invariants.rules.signature import signature


def shared_signature(observation: TaskObservation) -> str:
    """Return the present signature of a task, without the values that it gets by ``getargs``.

    It covers everything that a record covers, and more: the options of the command line, the
    ``uptodate`` items, and the actions even if they are not tracked. Other projects use the same
    store, and nothing but the signature tells their results apart.

    :raises CannotFingerprint: saying why the task can't be shared
    """
    task, host = observation.task, observation.session.host
    if host.checker is not None:
        name = host.checker_name
        raise CannotFingerprint(f"its file_dep are compared by {name}, not by content")
    if host.takes(task, "task"):
        raise CannotFingerprint("an action takes `task`, and may use anything in it")
    blocked = host.trackers - observation.session.trackers.names()
    if blocked:
        raise CannotFingerprint(f"the plugin {min(blocked)} is blocked")
    now = observation.snapshot
    more: dict[str, Json] = {
        "uptodate": [host.item_in_signature(one, task) for one, _, _ in task.uptodate],
        **circumstances(observation),
    }
    observed = dict(now.observed)
    if not observation.spec.track_code:
        observed |= _actions(observation)
    full = replace(
        now,
        inputs={path: _by_content(observation, path, state) for path, state in now.inputs.items()},
        observed=observed,
        targets=dict.fromkeys(task.targets),
    )
    return signature(full, observation.context, more, strict=True)


def circumstances(observation: TaskObservation) -> dict[str, Json]:
    """Return what a result depends on besides the record, such as options of the command line.

    :raises CannotFingerprint: if an option can't be compared
    """
    more = dict(observation.session.host.circumstances(observation.task))
    if sys.flags.optimize:
        more["optimize"] = sys.flags.optimize  # it removes assertions and sets __debug__
    return more


def names_of_targets(observation: TaskObservation) -> dict[str, str]:
    """Return the name of each target, which is the same in every checkout of the project.

    :raises CannotFingerprint: if a target can't go into a store: it is outside the project, it is
        listed twice, or it contains doit's DB, the store, an input or a target of another task
    """
    root = observation.session.root
    names: dict[str, str] = {}
    for path in observation.task.targets:
        absolute = os.path.normpath(os.path.join(root, path))
        inside = relative_to(absolute, root)
        if inside is None or inside == ".":
            raise CannotFingerprint(f"its target {path} is not inside the project")
        _check_state_outside(observation, path, absolute)
        other_target = observation.session.graph.target_below(absolute, observation.session.tasks)
        if other_target is not None:
            one, name = other_target
            one = os.path.relpath(one, root)
            raise CannotFingerprint(f"the target {one} of task {name} is part of its target {path}")
        made = min(observation.leave.get(path, ()), default="")
        if made:
            made = os.path.relpath(made, root)
            raise CannotFingerprint(
                f"{made}, which another task made, is part of its target {path}"
            )
        for one in observation.task.file_dep:
            other = os.path.normpath(os.path.join(root, one))
            if other != absolute and is_inside(other, absolute):
                raise CannotFingerprint(f"its input {one} is part of its target {path}")
        names[path] = name_of_target(root, path)
    if len(set(names.values())) != len(names):
        raise CannotFingerprint("it has the same target twice")
    return names


def _check_state_outside(observation: TaskObservation, path: str, absolute: str) -> None:
    """Refuse a directory that contains doit's DB or the store: it changes in every run."""
    store = getattr(observation.session.store, "location", "")
    for what, place in (("DB of doit", (*observation.session.db.files, "")[0]), ("store", store)):
        if place and is_inside(os.path.abspath(place), absolute):
            raise CannotFingerprint(f"the {what} is part of its target {path}")


def name_of_target(root: str, path: str) -> str:
    """Return the name of a target in entries; inside the project it is a relative path."""
    return portable(os.path.normpath(os.path.join(root, path)), root).replace(os.sep, "/")


def _by_content(observation: TaskObservation, path: str, state: PathState) -> PathState:
    """Return a state with our digest instead of the MD5 that plain doit recorded."""
    if state is None or isinstance(state, TreeState) or not is_plain_md5(state.digest):
        return state
    return observation.session.files.state(path)


def _actions(observation: TaskObservation) -> dict[str, Observed]:
    """Fingerprint the actions of a task that does not track them."""
    tracked = observation.spec._replace(track_code=True)
    found = observation.session.trackers.of(
        observation.task, tracked, only=observation.session.host.trackers
    )
    return {
        key: Observed(one, one.fingerprint(observation.context, None), plugin)
        for key, (plugin, one) in found.entries.items()
    }
