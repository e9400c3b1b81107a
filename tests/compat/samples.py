"""The samples of doit's documentation, and what is to be done with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .stories import IN_BETWEEN, Differs, Story

#: Samples that are not run, and why.
EXCLUDED = {
    "download.py": "needs a network",
    "longrunning.py": "runs `top`, which wants a terminal and never ends",
    "settrace.py": "starts a debugger, which wants a terminal",
}


#: Plain doit cannot tell that a file which was touched still has the content that we recorded:
#: it knows no digest but its own.
TOUCHED = {"switching": "a file_dep is touched, which costs one run after uninstalling"}


@dataclass(frozen=True)
class Sample:
    """How a sample is run.

    :ivar before: shell command that makes the files it needs
    :ivar more: commands after the first two runs
    :ivar second: the second run, if it differs
    :ivar unordered, skipped: as in :class:`Story`
    """

    before: str = "true"
    more: tuple[str, ...] = ()
    second: Differs | None = None
    unordered: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)


#: All other samples. If they are not dodo files, they show at least the same errors.
SAMPLES = {
    "calc_dep.py": Sample("touch a b c f g", ("echo a > a", "doit -f calc_dep.py")),
    "check_timestamp_unchanged.py": Sample(),
    "checker.py": Sample(),
    "clean_mix.py": Sample(),
    "cmd_actions.py": Sample(),
    "cmd_actions_list.py": Sample(),
    "cmd_from_callable.py": Sample(),
    "compile.py": Sample(more=("echo '/* new */' >> defs.h", "doit -f compile.py")),
    "compile_pathlib.py": Sample(more=("echo '/* new */' >> defs.h", "doit -f compile_pathlib.py")),
    "config_params.py": Sample(
        more=("sed -i s/AB/CD/ config_params.py", "doit -f config_params.py")
    ),
    "cproject.py": Sample(
        more=("doit -f cproject.py install", "rm kbd.o", "doit -f cproject.py"), skipped=TOUCHED
    ),
    "custom_clean.py": Sample(more=("doit clean -f custom_clean.py -n",)),
    "custom_cmd.py": Sample(),
    "custom_loader.py": Sample(more=("python custom_loader.py list", "python custom_loader.py")),
    "custom_reporter.py": Sample(),
    "custom_task_def.py": Sample(),
    "delayed.py": Sample(more=("doit -f delayed.py a.out",), skipped=TOUCHED),
    "delayed_creates.py": Sample(more=("doit -f delayed_creates.py b",)),
    "doit_config.py": Sample(),
    "empty_subtasks.py": Sample(more=("touch a.xyz", "doit -f empty_subtasks.py")),
    "executable.py": Sample(more=("python executable.py list", "python executable.py")),
    "folder.py": Sample(),
    "get_var.py": Sample(more=("doit -f get_var.py abc=xyz",)),
    "getargs.py": Sample(),
    "getargs_dict.py": Sample(),
    "getargs_group.py": Sample(),
    "global_dep_manager.py": Sample(),
    "group.py": Sample(more=("doit -f group.py mygroup",)),
    "hello.py": Sample(),
    "import_tasks.py": Sample(),
    "initial_workdir.py": Sample("mkdir sub1"),
    "meta.py": Sample(),
    "metadata.py": Sample(more=("doit info -f metadata.py unittest",)),
    "module_loader.py": Sample(more=("python module_loader.py list", "python module_loader.py")),
    "my_dodo.py": Sample(),
    "my_module_with_tasks.py": Sample(),
    "my_tasks.py": Sample(),
    "parameters.py": Sample(
        more=("doit -f parameters.py py_params -p x --param2 7 cmd_params -f on",)
    ),
    "parameters_inverse.py": Sample(more=("doit -f parameters_inverse.py with_flag --flagoff",)),
    "pos.py": Sample(more=("doit -f pos.py pos_args -p 4 foo bar",)),
    "report_deps.py": Sample(
        "echo a > req.in; echo b > req-dev.in",
        ("echo c > req.in", "doit -f report_deps.py", "rm report.txt", "doit -f report_deps.py"),
        skipped=IN_BETWEEN,
    ),
    "run_once.py": Sample(),
    "sample.py": Sample(),
    "save_out.py": Sample(),
    "selecttasks.py": Sample(skipped=TOUCHED),
    "subtasks.py": Sample(more=("doit -f subtasks.py create_file:file2.txt",)),
    "tar.py": Sample(),
    "task_doc.py": Sample(),
    "task_kwargs.py": Sample(),
    "task_name.py": Sample(),
    "task_reusable.py": Sample(),
    "taskorder.py": Sample(skipped=TOUCHED),
    "taskresult.py": Sample(),
    "timeout.py": Sample(),
    "title.py": Sample(),
    "titlewithactions.py": Sample(),
    "touch.py": Sample(),
    "tsetup.py": Sample(unordered=True),
    "tutorial_02.py": Sample(),
    "uptodate_callable.py": Sample(),
    "verbosity.py": Sample(),
}


def story_of(name: str) -> Story:
    """Return the story of a sample: what a user does with any dodo file, and its own steps."""
    sample = SAMPLES[name]
    steps = (
        sample.before,
        f"doit list -f {name} --all",
        f"doit -f {name}",
        sample.second or f"doit -f {name}",
        *sample.more,
        f"doit list -f {name} --all --status",
        f"doit clean -f {name}",
        "ls",
        f"doit forget -f {name}",
        f"doit forget -f {name} --all",
    )
    # Stories about features cover "untracked" too; leaving it out here saves time.
    skipped = {"untracked": "no story about code or targets", **sample.skipped}
    return Story(steps, sample.unordered, skipped)
