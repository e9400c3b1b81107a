"""``--resume TASK``: everything upstream is accepted as it stands, and not recorded."""

from __future__ import annotations

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.choices import rest_in_matrix

NOW = 1_700_000_000.0
#: raw -> tidy -> fit:a, fit:b -> report -> site; other stands alone; tool is a setup task.
DODO = """
def task_raw():
    return {"actions": ["cp in.txt raw.txt"], "file_dep": ["in.txt"], "targets": ["raw.txt"]}
def task_tidy():
    return {"actions": ["cp raw.txt clean.txt"], "file_dep": ["raw.txt"],
            "targets": ["clean.txt"], "setup": ["tool"]}
def task_tool():
    return {"actions": ["echo tool >> tool.txt"]}
def task_fit():
    for name in "ab":
        yield {"name": name, "actions": [f"cat clean.txt par.txt > {name}.txt"],
               "file_dep": ["clean.txt", "par.txt"], "targets": [f"{name}.txt"]}
def task_report():
    return {"actions": ["cat a.txt b.txt > report.txt"], "file_dep": ["a.txt", "b.txt"],
            "targets": ["report.txt"]}
def task_site():
    return {"actions": ["cp report.txt site.txt"], "file_dep": ["report.txt"],
            "targets": ["site.txt"]}
def task_other():
    return {"actions": ["cp in.txt other.txt"], "file_dep": ["in.txt"], "targets": ["other.txt"]}
"""
ALL = ("raw", "tidy", "tool", "fit:a", "fit:b", "report", "site", "other")


@pytest.fixture
def project(doit_project: Make) -> Project:
    """A project in which everything ran, and then the first input changed."""
    files = {"dodo.py": DODO, "in.txt": "one", "par.txt": "1"}
    made = doit_project(files, settings={"store": "../store"})
    made.run().assert_executed(*ALL)
    made.write({"in.txt": "two"})
    return made


def test_upstream_is_accepted(project: Project) -> None:
    """Earlier tasks are accepted; the task itself and the rest are checked."""
    project.write({"par.txt": "2", "raw.txt": "edited", "a.txt": "edited"})
    outcome = project.run("--resume", "report").assert_success()
    assert sorted(outcome.executed) == ["other", "report", "site"], repr(outcome)
    assert sorted(outcome.up_to_date) == ["fit:a", "fit:b", "raw", "tidy", "tool"]
    assert project.read("raw.txt") == "edited"
    assert project.read("site.txt") == "editedone1"


def test_what_was_accepted_is_not_recorded(project: Project) -> None:
    """A later run without the option sees every change that was ignored."""
    project.run("--resume", "report").assert_executed("other")
    outcome = project.run().assert_success()
    assert {"raw", "tidy", "fit:a", "fit:b", "report", "site"} <= set(outcome.executed)
    assert project.read("site.txt") == "two1two1"


def test_task_itself_keeps_its_rules(project: Project) -> None:
    """The named task runs only if something about it changed."""
    assert "report" in project.run("--resume", "report").up_to_date
    project.remove("report.txt")
    outcome = project.run("--resume", "report")
    assert outcome.executed == ["report"]
    assert project.read("report.txt") == "one1one1"


def test_missing_upstream_targets(project: Project) -> None:
    """They are listed in one line, before anything runs."""
    project.remove("raw.txt", "b.txt", "site.txt")
    outcome = project.run("--resume", "report").assert_error("these targets upstream do not exist")
    (line,) = (one for one in outcome.stderr.splitlines() if "do not exist" in one)
    assert "raw.txt (task raw)" in line, line
    assert "b.txt (task fit:b)" in line, line
    assert "site.txt" not in line, line
    assert "--resume-inferred" in line, line
    assert outcome.executed == outcome.up_to_date == []
    assert project.read("other.txt") == "one"


def test_inferred(project: Project) -> None:
    """With --resume-inferred targets upstream may be missing."""
    project.remove("raw.txt", "clean.txt")
    project.write({"par.txt": "2"})
    outcome = project.run("--resume-inferred", "report").assert_success()
    assert outcome.executed == ["other"], repr(outcome)
    assert not (project.path / "raw.txt").exists()
    outcome = project.run().assert_success()
    assert project.read("site.txt") == "two2two2"


def test_inferred_input_that_is_needed(project: Project) -> None:
    """If the task itself needs what is missing, it fails as it would under doit."""
    project.remove("b.txt")
    outcome = project.run("--resume-inferred", "report")
    assert "report" in outcome.failed, repr(outcome)
    assert "b.txt" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (("--resume", "site"), {"raw", "tidy", "fit:a", "fit:b", "report"}),
        (("--resume", "fit"), {"raw", "tidy"}),
        (("--resume", "fit:a"), {"raw", "tidy"}),
        (("--resume", "fit:*"), {"raw", "tidy"}),
        (("--resume", "*"), set()),
        (("--resume", "other"), set()),
        (("--resume", "tidy", "--resume", "other"), {"raw"}),
        (("--resume", "tidy", "--resume", "report"), {"raw", "fit:a", "fit:b"}),
        (("--resume", "report.txt"), {"raw", "tidy", "fit:a", "fit:b"}),
        (("--resume-inferred", "report", "--resume", "fit"), {"raw", "tidy"}),
    ],
)
def test_what_is_named(project: Project, arguments: tuple[str, ...], accepted: set[str]) -> None:
    """Tasks, groups, sub-tasks, patterns, targets, several; what is named is not accepted."""
    changed = "a.txt", "b.txt", "raw.txt", "clean.txt", "report.txt"
    project.write(dict.fromkeys(changed, "edited"))
    outcome = project.run(*arguments).assert_success()
    everything = {"raw", "tidy", "fit:a", "fit:b", "report"}
    assert everything - set(outcome.executed) == accepted, repr(outcome)


@pytest.mark.parametrize("how", ["--resume", "--resume-inferred"])
def test_mistakes(project: Project, how: str) -> None:
    """An unknown name, and -a at the same time, are one-line errors before anything runs."""
    outcome = project.run(how, "reprot")
    outcome.assert_error("'reprot' is neither a task nor a target; did you mean 'report'?")
    outcome = project.run("-a", how, "report").assert_error("choose one")
    assert "-a" in outcome.stderr
    project.run(how, "report*x").assert_error("neither a task nor a target")
    assert project.read("other.txt") == "one"


def test_setup_tasks_upstream(project: Project) -> None:
    """A task that is accepted has no setup; that of the resumed task itself is accepted too."""
    project.run("--resume", "tidy").assert_success()
    assert project.read("tool.txt") == "tool\n"
    project.remove("clean.txt")
    outcome = project.run("--resume", "tidy")
    assert "tidy" in outcome.executed
    assert project.read("clean.txt") == "one"


@pytest.mark.parametrize("policy", ["True", "False", "export", "force", "once", "shared"])
def test_every_policy_upstream(project: Project, policy: str) -> None:
    """Under every policy, nothing upstream runs, is restored, replaced or recorded."""
    project.edit("pyproject.toml", "store =", 'export_dir = "pub"\nstore =')
    project.write({"raw.txt": "edited"})
    outcome = project.run("--resume", "report", "--cache", policy, "report").assert_success()
    assert outcome.executed == (["report"] if policy in ("False", "shared") else []) or (
        policy == "shared" and outcome.executed == []
    ), repr(outcome)
    assert {"raw", "tidy", "fit:a", "fit:b"} <= set(outcome.up_to_date)
    assert project.read("raw.txt") == "edited"
    names = {path.name for path in (project.path / "pub").glob("*.txt")}
    assert not names - {"report.txt"}


@pytest.mark.parametrize("runner", rest_in_matrix([("-n", "2"), ("-n", "2", "-P", "thread")]))
def test_workers(project: Project, runner: tuple[str, ...]) -> None:
    """With workers as without."""
    project.write({"raw.txt": "edited"})
    outcome = project.run("--resume", "report", *runner).assert_success()
    assert outcome.executed == ["other"], repr(outcome)


def test_delayed_tasks(doit_project: Make) -> None:
    """Tasks that are created during the run can be upstream too."""
    text = """
from doit import create_after
def task_raw():
    return {"actions": ["cp in.txt raw.txt"], "file_dep": ["in.txt"], "targets": ["raw.txt"]}
@create_after(executed="raw")
def task_part():
    yield {"name": "x", "actions": ["cp raw.txt part.txt"], "file_dep": ["raw.txt"],
           "targets": ["part.txt"]}
def task_end():
    return {"actions": ["cp part.txt end.txt"], "file_dep": ["part.txt"], "targets": ["end.txt"],
            "task_dep": ["part"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": "one"})
    project.run("end").assert_executed("raw", "part:x", "end")
    project.write({"in.txt": "two", "part.txt": "edited"})
    project.run("--resume", "end", "end").assert_executed("end")
    assert project.read("end.txt") == "edited"


def test_it_is_explained(project: Project) -> None:
    """`why` with the option says what accepts a task, and writes nothing."""
    why = project.run("invariants", "why", "raw", "--resume", "report")
    assert why.returncode == 0, repr(why)
    assert "accepted by --resume report" in why.stdout or "up-to-date" in why.stdout, repr(why)
    assert "raw" in project.run().executed


@pytest.mark.parametrize("option", ["--resume", "--resume-inferred"])
def test_resume_without_the_word_run(doit_project: Make, option: str) -> None:
    """1: ``doit --resume TASK`` is ``doit run --resume TASK``."""
    dodo = """
def task_raw():
    return {"actions": ["cp in raw"], "file_dep": ["in"], "targets": ["raw"]}
def task_report():
    return {"actions": ["cat raw more > report"], "file_dep": ["raw", "more"],
            "targets": ["report"]}
"""
    project = doit_project({"dodo.py": dodo, "in": "1", "more": "1"})
    project.run().assert_executed("raw", "report")
    project.write({"in": "2", "more": "2"})
    outcome = project.run(option, "report").assert_success()
    assert "Traceback" not in outcome.stderr
    assert project.read("raw") == "1"
    assert project.read("report") == "12"
