"""Make two checkouts of one project, like `git clone` on two machines."""

import shutil
from pathlib import Path

FILES = sorted(Path("project").glob("*.*"))


def copy(directory):
    shutil.copytree("project", directory, dirs_exist_ok=True)


def task_checkout():
    """Copy the project."""
    for name in ("laptop", "server"):
        yield {
            "name": name,
            "actions": [(copy, [f"build/{name}"])],
            "file_dep": FILES,
            "targets": [f"build/{name}/{path.name}" for path in FILES],
        }
