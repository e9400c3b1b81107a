"""Our own chores; doit-invariants decides which of them are due."""

import sys

from doit_invariants import Distribution, Tree

PYTHON = sys.executable
DOIT_CONFIG = {"default_tasks": ["lint", "types", "prose"], "verbosity": 2}
SOURCES = ["pyproject.toml", "dodo.py", "src", "tests", "dodo_examples"]


def task_lint():
    """ruff: mistakes and format"""
    return {
        "actions": [
            [PYTHON, "-m", "ruff", "check", "."],
            [PYTHON, "-m", "ruff", "format", "--check", "."],
        ],
        "file_dep": SOURCES,
        "invariants": [Distribution("ruff")],
    }


def task_types():
    """mypy, strict"""
    return {
        "actions": [[PYTHON, "-m", "mypy"]],
        "file_dep": ["pyproject.toml", "src"],
        "invariants": [Distribution("mypy", "pluggy", "pytest")],
    }


def task_prose():
    """the style of docs, docstrings, comments and messages"""
    return {
        "actions": [[PYTHON, "-m", "tests.prose"]],
        "file_dep": ["README.md", "CHANGELOG.md", "docs/", "dodo_examples/", "src", "tests"],
        "invariants": [Distribution("proselint")],
    }


def task_test():
    """the tests, without the matrix and the long hunts"""
    return {
        "actions": [[PYTHON, "-m", "pytest", "-q"]],
        "file_dep": [*SOURCES, "docs", "README.md"],
        "invariants": [Distribution("doit", "pluggy", "xxhash", "pytest", "hypothesis")],
    }


def task_matrix():
    """what the tests leave out: more combinations, and all examples of the properties"""
    selected = ["-m", "(matrix or hypothesis) and not long", "--hypothesis-profile", "all"]
    return {
        "actions": [[PYTHON, "-m", "pytest", "-q", *selected]],
        "file_dep": [*SOURCES, "docs", "README.md"],
        "invariants": [Distribution("doit", "pluggy", "xxhash", "pytest", "hypothesis")],
    }


def task_docs():
    """every snippet of the docs and every example, for real"""
    return {
        "actions": [
            [PYTHON, "-m", "pytest", "-q", "-m", "not long", "tests/docs", "tests/examples"]
        ],
        "file_dep": ["README.md", "src"],
        "invariants": [Tree("docs"), Tree("dodo_examples", exclude=["build"])],
    }


def task_pictures():
    """pictures of the terminal, drawn from the stories of the pages"""
    return {
        "actions": [[PYTHON, "-m", "tests.docs.pictures"]],
        "file_dep": ["README.md"],
        "targets": ["docs/pictures/"],
        "invariants": [Tree("docs", include=["*.md"]), Distribution("rich")],
    }


def task_site():
    """the site of the documentation, into build/site; a warning fails"""
    return {
        "actions": [[PYTHON, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "build/site"]],
        "file_dep": ["docs/", "dodo_examples/", "src/"],
        "targets": ["build/site/"],
        "invariants": [Distribution("sphinx", "myst-parser", "furo", "sphinx-copybutton")],
    }


def task_hunt():
    """the tests that take minutes"""
    options = ["-m", "long", "--hypothesis-profile", "all", "--timeout", "3600"]
    return {"actions": [[PYTHON, "-m", "pytest", "-q", *options]]}


def task_wasm():
    """the conformance table on CPython 3.14, under Node; takes five minutes"""
    return {"actions": [[PYTHON, "-m", "tests.pyodide"]], "file_dep": SOURCES}


def task_bench():
    """the cost of a run beside plain doit's and other tools'; takes half an hour"""
    return {
        "actions": [
            [PYTHON, "-m", "tests.benchmarks"],
            [PYTHON, "-m", "tests.benchmarks.code"],
            [PYTHON, "-m", "tests.benchmarks.store"],
        ]
    }
