"""Download a file once, keep a copy in published/, and report on it."""

import ast
import sysconfig
import urllib.request
from pathlib import Path

from doit import get_var
from doit.tools import create_folder

# The help texts of Python. They are installed with it, so no network is needed. To download
# something else: doit url=https://example.org/data
HELP = Path(sysconfig.get_path("stdlib"), "pydoc_data", "topics.py")
URL = get_var("url", HELP.as_uri())


def fetch(url, targets):
    with urllib.request.urlopen(url) as answer:
        Path(targets[0]).write_bytes(answer.read())


def longest_topics(text, most):
    topics = ast.literal_eval(text[text.index("{") :])
    return sorted(topics, key=lambda name: len(topics[name].split()), reverse=True)[:most]


def report(most, dependencies, targets):
    text = Path(dependencies[0]).read_text(encoding="utf-8")
    Path(targets[0]).write_text("\n".join(longest_topics(text, most)) + "\n")


def task_fetch():
    """Download the file, at most once in 7 days."""
    return {
        "actions": [(create_folder, ["build"]), (fetch, [URL])],
        "targets": ["build/topics.py"],
        "cache": "export",  # if the target is missing, copy it back from published/
        "export_dir": "published",
        "ttl": "7d",  # download again when the result is older
        "clean": True,
    }


def task_report():
    """List the longest topics."""
    return {
        "actions": [(report, [10])],
        "file_dep": ["build/topics.py"],
        "targets": ["build/longest.txt"],
        "clean": True,
    }
