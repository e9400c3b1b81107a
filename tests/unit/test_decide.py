"""The comparison of a record with the present state: the reasons and their order."""

from __future__ import annotations

from typing import Any

import pytest

from doit_invariants import Value
from doit_invariants.core.model import Difference, Reason
from doit_invariants.files.state import (
    EDITED,
    EDITED_MEANWHILE,
    EDITED_SINCE_LOADED,
    EDITED_TEXT,
    FileState,
)
from doit_invariants.files.tree import TreeState
from doit_invariants.rules.decide import (
    Observed,
    Snapshot,
    invariant_reasons,
    path_difference,
    record_reasons,
    target_reasons,
    verdict_on,
)
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant
from doit_invariants.rules.record import Record, RecordedInvariant

from .contexts import MemoryContext

TRACKER = "tracker"


class Kind(Invariant):
    """A kind whose fingerprint is given."""

    kind = "Kind"

    def __init__(self, name: str, digest: str, **more: Any) -> None:
        self.name, self.digest = name, digest
        for key, value in more.items():
            setattr(self, key, value)

    def label(self) -> str:
        """The name."""
        return self.name

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """The digest that was given."""
        return {"digest": self.digest}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Say both digests."""
        if old["digest"] == new["digest"]:
            return None
        return Difference(f"{old['digest']} -> {new['digest']}")


def seen(name: str, digest: str = "1", source: str | None = None, **more: Any) -> Observed:
    """Return an observed invariant."""
    one = Kind(name, digest, **more)
    return Observed(one, {"digest": digest}, source)


def snapshot(*observed: Observed, sources: tuple[str, ...] = (), **more: Any) -> Snapshot:
    """Return a present state with these invariants."""
    by_id = {one.invariant.label(): one for one in observed}
    return Snapshot("t", observed=by_id, sources=sources, **more)


def record(*observed: Observed, sources: tuple[str, ...] = (), **more: Any) -> Record:
    """Return a record with these invariants."""
    entries = {one.invariant.label(): one.entry() for one in observed}
    return Record(1.0, "executed", "/", entries=entries, sources=sources, **more)


def found(before: Record, now: Snapshot) -> list[tuple[str, str, str]]:
    """Return the reasons as tuples of code, subject and text."""
    reasons = invariant_reasons(before, now, MemoryContext())  # type: ignore[arg-type]
    return [reason[:3] for reason in reasons]


def file(digest: str, size: int = 1) -> FileState:
    """Return the state of a file."""
    return FileState(digest, (1, size, 1, 1, 1))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ the verdict

CHANGED, MISSING = Reason("changed_file_dep", "a", "changed"), Reason("missing_file_dep", "a", "?")
PROBLEM = Reason("cannot_check", "b", "no")


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        ([], "up-to-date"),
        ([CHANGED], "run"),
        ([CHANGED, CHANGED], "run"),
        ([MISSING], "error"),
        ([CHANGED, MISSING], "error"),
        ([Reason("uptodate_false", "uptodate", "False"), MISSING], "run"),
        ([MISSING, Reason("missing_target", "x", "missing")], "run"),
        ([MISSING, Reason("checker_changed", "checker", "another")], "run"),
        ([MISSING, Reason("changed_target", "x", "changed")], "error"),
    ],
)
def test_the_status_follows_from_the_reasons(reasons: list[Reason], status: str) -> None:
    """As in doit, a missing ``file_dep`` is an error only where doit comes to check it."""
    verdict = verdict_on(snapshot(), iter(reasons))
    assert (verdict.task, verdict.status, verdict.reasons) == ("t", status, tuple(reasons))


def test_a_problem_makes_the_verdict_an_error_and_comes_first() -> None:
    now = snapshot(problems=[PROBLEM])
    assert verdict_on(now, []).status == "error"
    assert verdict_on(now, [CHANGED])[1:3] == ("error", (PROBLEM, CHANGED))


# ------------------------------------------------------------------------------ the record


@pytest.mark.parametrize(
    ("has_record", "unreadable", "more", "codes"),
    [
        (True, None, {"explicit": True}, []),
        (False, None, {"explicit": False}, []),
        (False, None, {"explicit": False, "never_ran": True}, []),
        (False, None, {"explicit": True}, ["no_record"]),
        (False, None, {"explicit": True, "never_ran": True}, ["never_ran"]),
        (False, "damaged", {"explicit": False}, ["unreadable_record"]),
        (False, "damaged", {"explicit": True, "never_ran": True}, ["unreadable_record"]),
        (False, "damaged", {"explicit": True, "has_dependencies": False}, []),
        (False, None, {"explicit": True, "has_dependencies": False}, []),
    ],
)
def test_a_missing_record(
    has_record: bool, unreadable: str | None, more: dict[str, bool], codes: list[str]
) -> None:
    """It counts if the task lists invariants; a damaged one always counts."""
    before = record() if has_record else None
    reasons = list(record_reasons(before, snapshot(**more), unreadable))
    assert [reason.code for reason in reasons] == codes
    if codes == ["unreadable_record"]:
        assert reasons[0].text == "damaged; treated as never run"


# ------------------------------------------------------------------------------ listed invariants


def test_what_is_equal_gives_no_reason() -> None:
    both = (seen("a"), seen("b"))
    assert found(record(*both), snapshot(*both)) == []
    assert found(record(*both), snapshot(*reversed(both))) == []
    assert found(record(), snapshot()) == []


def test_listed_invariants_that_changed_or_came_or_went() -> None:
    """All of them are reasons: those of the present in their order, then those that are gone."""
    before = record(seen("gone"), seen("a", "1"), seen("same"))
    now = snapshot(seen("new"), seen("same"), seen("a", "2"))
    assert found(before, now) == [
        ("added_invariant", "new", "added"),
        ("changed_invariant", "a", "1 -> 2"),
        ("removed_invariant", "gone", "removed"),
    ]


def test_what_could_not_be_checked_is_not_removed() -> None:
    now = snapshot()
    now.unknown.add("a")
    assert found(record(seen("a"), seen("b")), now) == [("removed_invariant", "b", "removed")]


def test_what_is_only_compared_in_another_way_is_adopted() -> None:
    now = snapshot(seen("a", "2"), seen("b", "2"))
    now.adopted.add("a")
    assert found(record(seen("a"), seen("b")), now) == [("changed_invariant", "b", "1 -> 2")]


def test_a_kind_gives_the_code_changes_and_detail_of_its_difference() -> None:
    class Other(Kind):
        def difference(self, *_: Any) -> Difference:
            return Difference("expired", (), "expired", ("- old", "+ new"))

    now = snapshot(Observed(Other("a", "1"), {"digest": "1"}))
    (reason,) = invariant_reasons(record(seen("a")), now, MemoryContext())  # type: ignore[arg-type]
    assert reason == Reason("expired", "a", "expired", (), ("- old", "+ new"))


@pytest.mark.parametrize("old", [{"digest": "1"}, {}, {"digest": 3}])
def test_a_kind_that_raises_means_a_damaged_fingerprint(old: Any) -> None:
    class Raises(Kind):
        def difference(self, *_: Any) -> Difference:
            raise KeyError("outline")

    before = record()
    before.entries["a"] = RecordedInvariant("Kind", Kind.version, "a", old)
    now = snapshot(Observed(Raises("a", "1"), {"digest": "1"}))
    text = "the recorded fingerprint is damaged"
    assert found(before, now) == [("changed_invariant", "a", text)]


# ------------------------------------------------------------------------------ versions of kinds


def test_a_fingerprint_of_an_earlier_version_is_adopted() -> None:
    before, now = record(seen("a", "1")), snapshot(seen("a", "2", version=Kind.version + 1))
    assert found(before, now) == []


@pytest.mark.parametrize("more", [{"version": Kind.version - 1}, {"kind": "Another"}])
def test_a_later_version_or_another_kind_runs_the_task(more: dict[str, Any]) -> None:
    before, now = record(seen("a", "1")), snapshot(seen("a", "1", **more))
    text = "recorded by another version of this kind"
    assert found(before, now) == [("added_invariant", "a", text)]


# ------------------------------------------------------------------------------ tracked invariants


def test_a_new_tracker_reruns_nothing() -> None:
    """Additions of a plugin that was not asked before are adopted."""
    now = snapshot(seen("code", source=TRACKER), sources=(TRACKER,))
    assert found(record(), now) == []


def test_what_a_tracker_finds_since_counts() -> None:
    before = record(seen("old", source=TRACKER), sources=(TRACKER,))
    now = snapshot(seen("new", "2", TRACKER), sources=(TRACKER,))
    assert found(before, now) == [
        ("added_invariant", "new", "added"),
        ("removed_invariant", "old", "removed"),
    ]


def test_what_a_tracker_that_is_gone_found_does_not_count() -> None:
    before = record(seen("code", source=TRACKER), sources=(TRACKER,))
    assert found(before, snapshot()) == []


def test_a_tracked_invariant_that_changed() -> None:
    before = record(seen("code", "1", TRACKER), sources=(TRACKER,))
    now = snapshot(seen("code", "2", TRACKER), sources=(TRACKER,))
    assert found(before, now) == [("changed_invariant", "code", "1 -> 2")]


def test_a_tracked_invariant_under_another_name_is_the_same() -> None:
    """So a function can be renamed. A listed invariant keeps its name."""
    before = record(seen("f", "1", TRACKER), sources=(TRACKER,))
    assert found(before, snapshot(seen("g", "1", TRACKER), sources=(TRACKER,))) == []
    assert found(before, snapshot(seen("g", "1", "another"), sources=(TRACKER, "another"))) == [
        ("removed_invariant", "f", "removed")
    ]
    assert [code for code, *_ in found(record(seen("f")), snapshot(seen("g")))] == [
        "added_invariant",
        "removed_invariant",
    ]


def test_the_order_of_tracked_invariants_counts() -> None:
    """An action that runs before another one is a different task."""
    one, other = seen("f", "1", TRACKER), seen("g", "2", TRACKER)
    before = record(one, other, sources=(TRACKER,))
    text = "the tracked items are in another order"
    assert found(before, snapshot(other, one, sources=(TRACKER,))) == [
        ("changed_invariant", TRACKER, text)
    ]
    renamed = (seen("h", "2", TRACKER), seen("k", "1", TRACKER))
    assert found(before, snapshot(*renamed, sources=(TRACKER,))) == [
        ("changed_invariant", TRACKER, text)
    ]


@pytest.mark.parametrize(
    ("was", "present", "codes"),
    [
        ((), ("tracker@2",), []),
        (("tracker@2",), ("tracker@3",), []),
        (("tracker@9",), ("tracker@10",), []),
        ((), (), ["added_invariant"]),
        (("tracker@2",), ("tracker@2",), ["added_invariant"]),
        (("tracker@3",), ("tracker@2",), ["added_invariant"]),
        (("tracker@3",), (), ["added_invariant"]),
        (("tracker@odd",), (), ["added_invariant"]),
    ],
)
def test_a_later_version_of_a_tracker_may_find_more(
    was: tuple[str, ...], present: tuple[str, ...], codes: list[str]
) -> None:
    """Its findings are adopted, because its earlier version may have tracked less."""
    before = record(seen("f", source=TRACKER), sources=(TRACKER, *was))
    now = snapshot(seen("f", source=TRACKER), seen("g", "2", TRACKER), sources=(TRACKER, *present))
    assert [code for code, *_ in found(before, now)] == codes


def test_what_a_later_version_of_a_tracker_no_longer_finds_is_removed() -> None:
    before = record(seen("f", source=TRACKER), sources=(TRACKER,))
    now = snapshot(sources=(TRACKER, "tracker@2"))
    assert found(before, now) == [("removed_invariant", "f", "removed")]


def test_a_later_version_of_a_tracker_may_order_differently() -> None:
    one, other = seen("f", "1", TRACKER), seen("g", "2", TRACKER)
    before = record(one, other, sources=(TRACKER,))
    assert found(before, snapshot(other, one, sources=(TRACKER, "tracker@2"))) == []


# ------------------------------------------------------------------------------ special digests


@pytest.mark.parametrize(
    ("digest", "text"),
    [(EDITED_MEANWHILE, EDITED_TEXT), (EDITED_SINCE_LOADED, EDITED_SINCE_LOADED)],
)
def test_some_digests_equal_nothing(digest: str, text: str) -> None:
    """Not even themselves: it is unknown what the task saw."""
    both, plain = seen("a", digest), seen("a", "1")
    for before, now in ((both, both), (both, plain), (plain, both)):
        assert found(record(before), snapshot(now)) == [("changed_invariant", "a", text)]
    both.fingerprint["edited"] = ["x.py", "y.py"]
    reason = ("changed_invariant", "a", f"{text}: x.py, y.py")
    assert found(record(both), snapshot(plain)) == [reason]


def test_a_spoiled_observation_equals_nothing() -> None:
    plain = seen("a")
    spoiled = plain.spoiled(EDITED_MEANWHILE)
    assert (plain.fingerprint["digest"], spoiled.fingerprint["digest"]) == ("1", EDITED_MEANWHILE)
    assert found(record(plain), snapshot(spoiled)) == [("changed_invariant", "a", EDITED_TEXT)]


def test_a_reason_that_only_follows_from_others_is_left_out() -> None:
    """A secondary kind speaks only if it is alone."""
    before = record(seen("a"), seen("b"))
    follows = seen("b", "2", secondary=True)
    assert found(before, snapshot(seen("a"), follows)) == [("changed_invariant", "b", "1 -> 2")]
    assert found(before, snapshot(seen("a", "2"), follows)) == [
        ("changed_invariant", "a", "1 -> 2")
    ]


# ------------------------------------------------------------------------------ targets


def target_texts(old: Any, new: Any) -> list[tuple[str, str, str]]:
    """Return the reasons of two states of the targets."""
    reasons = target_reasons(record(targets=old), snapshot(targets=new))
    return [reason[:3] for reason in reasons]


def test_targets() -> None:
    """Changed and added targets come first, in their order, then removed ones."""
    old = {"a": file("1"), "b": file("1"), "gone": file("1")}
    new = {"new": file("1"), "b": file("2"), "a": file("1")}
    assert target_texts(old, new) == [
        ("added_target", "new", "target added"),
        ("changed_target", "b", "target is not as the task left it: content changed"),
        ("removed_target", "gone", "no longer a target"),
    ]


def test_order_of_targets() -> None:
    """An action gets them in their order."""
    one, other = file("1"), file("2")
    assert target_texts({"a": one, "b": other}, {"b": other, "a": one}) == [
        ("changed_target", "targets", "listed in another order")
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [(None, {"a": file("1")}), ({"a": file("1")}, None), (None, None), ({}, {})],
)
def test_targets_that_are_not_tracked(old: Any, new: Any) -> None:
    assert target_texts(old, new) == []


def test_a_missing_target_is_reported_by_the_host_alone() -> None:
    assert target_texts({"a": file("1")}, {"a": None}) == []


# ------------------------------------------------------------------------------ paths

DIRECTORY, OTHER = TreeState("d1", {"x": file("1")}), TreeState("d2", {"x": file("2")})


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (file("1"), file("1"), None),
        (file("1", 3), file("1", 4), None),
        (file("1", 3), file("2", 3), "content changed"),
        (file("1", 3), file("2", 4), "content changed, 3 -> 4 bytes"),
        (FileState("1", None), file("2", 4), "content changed"),
        (FileState(EDITED, None), FileState(EDITED, None), EDITED),
        (FileState(EDITED, None), DIRECTORY, EDITED),
        (None, file("1"), "did not exist"),
        (None, DIRECTORY, "did not exist"),
        (file("1"), None, "missing"),
        (DIRECTORY, None, "missing"),
        (None, None, None),
        (DIRECTORY, file("1"), "was a directory, is a file"),
        (file("1"), DIRECTORY, "was a file, is a directory"),
        (DIRECTORY, DIRECTORY, None),
        (DIRECTORY, TreeState("d1", {}), None),
        (DIRECTORY, OTHER, "1 changed (p/x)"),
    ],
)
def test_two_states_of_a_path(old: Any, new: Any, text: str | None) -> None:
    difference = path_difference(old, new, "p")
    assert (difference and difference.text) == text


def test_a_value_is_compared_by_its_own_rule() -> None:
    """The kinds that users list go the same way."""
    context = MemoryContext()
    one, other = Value(1), Value(1.0)
    before = record()
    before.entries["v"] = Observed(one, one.fingerprint(context, None)).entry()  # type: ignore[arg-type]
    now = Snapshot("t", observed={"v": Observed(other, other.fingerprint(context, None))})  # type: ignore[arg-type]
    assert found(before, now) == [("changed_invariant", "Value", "1 -> 1.0")]
