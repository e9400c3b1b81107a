"""The prose of a file is found with its lines; code, addresses and markup are not prose."""

from __future__ import annotations

from pathlib import Path

from .passages import Passage, read_passages

PAGE = """# The `dodo.py`

It has *two*
tasks, see [there](else.md).

<!-- story: a -->
```console
$ doit
```

- first `a` and `b`
- second

| name | what it
|---|---|
| `x` | a row |
"""

MODULE = '''"""Does it.

:param name: of the ``file``
"""

# A reason,
# and more.
MESSAGE = f"the task {MESSAGE} has no name"
KEY = "not a message"
PATTERN = "def f(x): return x and more of it"
'''


def test_a_page(tmp_path: Path) -> None:
    """Blocks, list items and cells are passages of their own."""
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    found = list(read_passages(tmp_path / "page.md"))
    assert found[0] == Passage(1, "The Xa", heading=True)
    assert found[1] == Passage(3, "It has two\ntasks, see there.")
    assert found[2:4] == [Passage(11, "first Xa and Xb"), Passage(12, "second")]
    assert [(one.line, one.text.strip()) for one in found[-2:]] == [(16, "Xa"), (16, "a row")]


def test_a_module(tmp_path: Path) -> None:
    """Paragraphs and fields of docstrings, comments, and strings that people read."""
    (tmp_path / "module.py").write_text(MODULE, encoding="utf-8")
    found = [(one.line, one.text.strip()) for one in read_passages(tmp_path / "module.py")]
    assert found == [
        (1, "Does it."),
        (3, "of the Xa"),
        (6, "A reason,\nand more."),
        (8, "the task Xa has no name"),
    ]


def test_a_module_of_tests(tmp_path: Path) -> None:
    """Without strings, docstrings and comments are left; names of files are code."""
    module = MODULE.replace("# A reason,", "# A reason in settings.ini,")
    (tmp_path / "module.py").write_text(module, encoding="utf-8")
    found = [one.text.strip() for one in read_passages(tmp_path / "module.py", strings=False)]
    assert found == ["Does it.", "of the Xa", "A reason in Xa,\nand more."]
