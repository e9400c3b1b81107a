"""The options of ``doit clean``."""

from doit.task import clean_targets

DOIT_CONFIG = {"default_tasks": ["files", "mixed"], "verbosity": 2}


def sweep(task, dryrun):
    print("would sweep" if dryrun else "sweeps", task.name)


def task_made():
    return {"actions": ["touch made"], "targets": ["made"], "clean": True}


def task_files():
    return {
        "actions": ["mkdir -p dir/sub full; touch dir/sub/file full/file full/other"],
        "targets": ["dir/sub/file", "dir/sub", "dir", "full/file", "full"],
        "task_dep": ["made"],
        "clean": True,
    }


def task_mixed():
    return {
        "actions": ["touch mixed"],
        "targets": ["mixed"],
        "clean": [clean_targets, sweep, "echo cleaned"],
        "uptodate": [True],
    }


def task_kept():
    return {"actions": ["touch kept"], "targets": ["kept"], "uptodate": [True]}
