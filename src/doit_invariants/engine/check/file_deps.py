"""The ``file_dep`` of a task: compared with what is recorded, and recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Reason
from doit_invariants.engine.check.observe import Look
from doit_invariants.engine.records.moved import recorded_path
from doit_invariants.files.state import EDITED_MEANWHILE, EDITED_TEXT, FileState
from doit_invariants.hosts.doit.checker import ContentChecker
from doit_invariants.hosts.doit.rules import HostFacts
from doit_invariants.rules.decide import NEVER_RAN, path_difference

if TYPE_CHECKING:
    from doit_invariants.hosts.doit.dependency import InvariantsDependency


_ADVICE = "if by the task, name it among the targets, too"


def compare_inputs(
    dep_manager: InvariantsDependency, look: Look, facts: HostFacts, tasks: Mapping[str, Any]
) -> list[Reason]:
    """Look at each ``file_dep``, note in ``facts`` what doit would say of it.

    :param tasks: all tasks by name
    :returns: why those that changed did
    """
    deps = _file_deps(dep_manager, look)
    if deps or facts.counted:
        _compare_checker(dep_manager, look, facts)
    _compare_names(dep_manager, look, facts, deps)
    reasons: list[Reason] = []
    for path in sorted(deps):
        reason = _compare(dep_manager, look, facts, path, tasks)
        if reason is not None:
            facts.changed.append(path)
            if path not in facts.added:
                reasons.append(reason)
    if look.snapshot.never_ran and (reasons or facts.awaited):
        look.snapshot.explicit = False  # said once is enough
        return [NEVER_RAN]
    return reasons


def _compare(
    dep_manager: InvariantsDependency,
    look: Look,
    facts: HostFacts,
    path: str,
    tasks: Mapping[str, Any],
) -> Reason | None:
    checker, name = dep_manager.checker, look.task.name
    stored_at = recorded_path(path, look.record_as_stored, look.session.root)
    stored = None if facts.checker_changed else dep_manager._get(name, stored_at)
    look.before.states[path] = stored
    try:
        info = checker.info(path)
    except checker.CheckerError:
        maker = look.session.relations.maker(path, tasks) if _foresees(look) else None
        if maker is not None:
            facts.awaited.append((path, maker))  # only a run has had that task make it
        else:
            facts.missing.append(path)
        look.snapshot.inputs[path] = None
        return None
    if isinstance(checker, ContentChecker):
        return _compare_content(look, path, info)
    # A checker that the user chose: timestamps, or one of his own.
    look.snapshot.inputs[path] = FileState(f"by {type(checker).__name__}", None)
    if stored is not None and not checker.check_modified(path, info, stored):
        return None
    return Reason("changed_file_dep", path, "no recorded state" if stored is None else "changed")


def _compare_content(look: Look, path: str, info: os.stat_result) -> Reason | None:
    known = look.before.known(path, info)
    state = look.path(path, known, info)
    look.snapshot.inputs[path] = state
    if known is None:
        return Reason("changed_file_dep", path, "no recorded state")
    if known.digest == EDITED_MEANWHILE:
        return Reason("changed_file_dep", path, f"{EDITED_TEXT} ({_ADVICE})")
    difference = path_difference(known, state, path)
    if difference is None:
        return None
    return Reason("changed_file_dep", path, difference.text, difference.changes)


def _file_deps(dep_manager: InvariantsDependency, look: Look) -> set[str]:
    """Return the ``file_dep`` of a task, what its ``calc_dep`` last gave included.

    In a run doit has added those by now. Commands that only read never ask the tasks that
    calculate them, and doit would call every such task changed.
    """
    deps = set(look.task.file_dep)
    if _foresees(look):
        for name in look.task.calc_dep:
            calculated = dep_manager.get_values(name).get("file_dep", ())
            deps.update(path for path in calculated if isinstance(path, str))
    return deps


def _foresees(look: Look) -> bool:
    """Return whether to look past what doit's own commands know of a task without running.

    They do for tasks that use anything of ours; for others they say what plain doit says.
    """
    return not look.session.writes and (look.session.explains or look.spec.own)


def _compare_checker(dep_manager: InvariantsDependency, look: Look, facts: HostFacts) -> None:
    previous = dep_manager._get(look.task.name, "checker:")
    present = type(dep_manager.checker).__name__
    if previous and previous != present:
        facts.checker_changed = (previous, present)
        if look.session.writes:  # doit does it even for a mere `doit list -s`
            dep_manager.remove(look.task.name)
            look.before.record = look.record_as_stored = None


def _compare_names(
    dep_manager: InvariantsDependency, look: Look, facts: HostFacts, deps: set[str]
) -> None:
    previous = dep_manager._get(look.task.name, "deps:")
    if not isinstance(previous, (list, tuple)) or not previous:
        # doit compares nothing with an empty list; but our record knows what there was.
        known = look.before.record
        if known is not None and isinstance(dep_manager.checker, ContentChecker):
            facts.added = sorted(deps - known.stats.keys() - known.trees.keys())
        return
    record, root = look.record_as_stored, look.session.root
    here = {recorded_path(path, record, root): path for path in deps}
    before = {path for path in previous if isinstance(path, str)}
    facts.added = sorted(path for old, path in here.items() if old not in before)
    facts.removed = sorted(before - here.keys())
