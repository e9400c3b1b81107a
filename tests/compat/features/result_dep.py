"""Tasks that depend on the results of others."""

from doit.tools import result_dep

DOIT_CONFIG = {"default_tasks": ["report", "summary", "deploy"]}


def task_version():
    return {"actions": ["cat version.txt"]}


def task_parts():
    for name in ("a", "b"):
        yield {"name": name, "actions": [f"cat {name}.txt"]}


def task_report():
    return {"actions": ["echo report"], "uptodate": [result_dep("version")]}


def task_summary():
    return {"actions": ["echo summary"], "uptodate": [result_dep("parts")]}


def task_deploy():
    return {"actions": ["echo deploy"], "uptodate": [result_dep("version", setup_dep=True)]}
