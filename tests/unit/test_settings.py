"""Settings: what each place may say, how values are converted, and the message about a mistake."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doit_invariants.core.errors import InvalidOption
from doit_invariants.plugins.settings import Settings, as_policy, read_settings

PLACE = "doit.cfg"

MISTAKES: dict[str, tuple[Any, str]] = {
    "unknown": ({"nonsense": 1}, "unknown setting 'nonsense'; allowed are invariants, cache, ttl"),
    "misspelled": ({"track_cod": True}, "unknown setting 'track_cod'; did you mean 'track_code'?"),
    "key that is no string": ({1: 2}, "unknown setting 1; "),
    "no table": (["cache"], "settings must be a table, got ['cache']"),
    "invariants": (
        {"invariants": "Git"},
        "setting 'invariants' must be a list of invariants, which only DOIT_CONFIG in dodo.py can "
        "hold; got 'Git'",
    ),
    "track_code": ({"track_code": "maybe"}, "setting 'track_code' must be true or false, got"),
    "number as bool": ({"share": 1}, "setting 'share' must be true or false, got 1"),
    "export_how": (
        {"export_how": "zip"},
        "setting 'export_how' must be one of copy, hardlink, symlink, move, gzip, got 'zip'",
    ),
    "export_dir": ({"export_dir": " "}, "setting 'export_dir' must be a path, got ' '"),
    "store": ({"store": 3}, "setting 'store' must be a path, got 3"),
    "store_link": (
        {"store_link": "soft"},
        "setting 'store_link' must be one of auto, hardlink, copy, got 'soft'",
    ),
    "store_max_size": ({"store_max_size": "big"}, "setting 'store_max_size': 'big' is not a size"),
    "verify_hits": (
        {"verify_hits": 2},
        "setting 'verify_hits' must be a number from 0 to 1, got 2",
    ),
    "verify_hits as bool": (
        {"verify_hits": True},
        "setting 'verify_hits' must be a number from 0 to 1, got True",
    ),
    "verify_hits as word": ({"verify_hits": "all"}, "setting 'verify_hits' must be a number from"),
    "summary": (
        {"summary": "always"},
        "setting 'summary' must be true, false or 'auto', got 'always'",
    ),
    "chdir": ({"chdir": "stay"}, "setting 'chdir' must be one of restore, fail, got 'stay'"),
    "block": ({"block": 1}, "setting 'block' must be a list of strings, got 1"),
    "tree_exclude": ({"tree_exclude": [1]}, "setting 'tree_exclude' must be a list of strings"),
    "code_roots": ({"code_roots": 1}, "setting 'code_roots' must be a list of strings, got 1"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(case: str) -> None:
    """One line names the place, the setting, the value and what is allowed."""
    given, text = MISTAKES[case]
    with pytest.raises(InvalidOption, match=f"^{re.escape(f'{PLACE}: {text}')}") as caught:
        read_settings((PLACE, given))
    assert "\n" not in str(caught.value)


CONVERTED: dict[str, tuple[dict[str, Any], Any]] = {
    "bool": ({"share": False}, False),
    "bool from doit.cfg": ({"share": " No "}, False),
    "another one": ({"track_targets": "off"}, False),
    "true from doit.cfg": ({"export_overwrite": "on"}, True),
    "list": ({"block": ["a", "b"]}, ("a", "b")),
    "list from doit.cfg": ({"block": " a, b,, "}, ("a", "b")),
    "patterns": ({"tree_exclude": "*.tmp"}, ("*.tmp",)),
    "age in seconds from doit.cfg": ({"ttl": " 60 "}, 60),
    "age": ({"ttl": "1d"}, "1d"),
    "path": ({"store": " ~/store "}, "~/store"),
    "size": ({"store_max_size": "2GB"}, 2 * 10**9),
    "size in bytes": ({"store_max_size": 1000}, 1000),
    "no limit": ({"store_max_size": " None "}, None),
    "fraction": ({"verify_hits": "0.25"}, 0.25),
    "no fraction": ({"verify_hits": 0}, 0.0),
    "summary": ({"summary": "auto"}, "auto"),
    "summary from doit.cfg": ({"summary": "yes"}, True),
    "how": ({"export_how": "gzip"}, "gzip"),
    "invariants": ({"invariants": [1]}, (1,)),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_values_are_converted(case: str) -> None:
    given, expected = CONVERTED[case]
    (name,) = given
    value = getattr(read_settings((PLACE, given)), name)
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "policy"),
    [("true", True), ("No", False), ("1", True), ("once", "once"), (True, True), (3, 3)],
)
def test_policies_from_doit_cfg(text: Any, policy: Any) -> None:
    assert as_policy(text) == policy
    assert type(as_policy(text)) is type(policy)


def test_later_places_override_earlier_ones() -> None:
    found = read_settings(("a", {"share": False, "ttl": 1}), ("b", {"ttl": 2}), ("c", {}))
    assert found == Settings(share=False, ttl=2)
    assert read_settings() == Settings()


def test_a_mistake_names_its_own_place() -> None:
    with pytest.raises(InvalidOption, match=r"^b: unknown setting"):
        read_settings(("a", {"ttl": 1}), ("b", {"tll": 2}))
