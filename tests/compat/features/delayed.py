"""Tasks that are created after others have run."""

from pathlib import Path

from doit import create_after

DOIT_CONFIG = {"verbosity": 2}


def task_unpack():
    return {"actions": ["mkdir -p parts; echo 1 > parts/a.in; echo 2 > parts/b.in"]}


@create_after(executed="unpack", target_regex=r"parts/.*\.out")
def task_convert():
    for path in sorted(Path("parts").glob("*.in")):
        yield {
            "name": path.stem,
            "actions": ["tr 12 34 < %(dependencies)s > %(targets)s"],
            "file_dep": [path],
            "targets": [path.with_suffix(".out")],
            "clean": True,
        }


@create_after(executed="convert", creates=["merge", "count"])
def task_late():
    found = [str(path) for path in sorted(Path("parts").glob("*.out"))]
    yield {"basename": "merge", "actions": [(print, found)], "file_dep": found}
    yield {"basename": "count", "actions": [f"echo {len(found)} parts"], "uptodate": [True]}


@create_after()
def task_plain():
    return {"actions": ["echo plain"], "uptodate": [True]}
