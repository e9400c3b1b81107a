"""Stories about doit's commands, reporters and backends, and about mistakes."""

from __future__ import annotations

from .stories import story

#: Values of the variable ``mistake`` in ``errors.py``.
MISTAKES = [
    "none",
    "field",
    "type",
    "action",
    "dependency",
    "setup",
    "getargs",
    "cycle",
    "target",
    "uptodate",
    "name",
    "returned",
    "raised",
    "twice",
    "late",
]

STORIES = {
    "clean": story(
        "clean.py",
        """
        doit
        doit clean --dry-run
        find . -name '*.db*' -prune -o -type f -print | sort
        doit clean
        ls -R dir full
        doit
        doit clean --clean-dep files
        doit
        doit clean --clean-all --forget
        doit list --all --status
        doit kept files
        doit clean kept
        ls
        doit clean unknown
        """,
    ),
    "clean and forget": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        doit clean --forget print join
        doit
        doit clean -a
        ls
        """,
    ),
    "forget": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        doit forget join
        doit list --all --status
        doit
        doit forget --follow-sub copy
        doit
        doit forget --disable-default
        doit forget --all
        doit list --all --status
        doit
        doit forget unknown
        """,
    ),
    "ignore": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        doit ignore copy:a
        echo 3 > a.in
        doit list --all --status
        doit
        doit ignore join
        doit -c
        doit forget copy join
        doit
        doit ignore
        doit ignore unknown
        """,
    ),
    "reset-dep": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        echo 3 > a.in; touch b.in
        doit reset-dep copy
        doit
        doit
        rm b.mid
        doit reset-dep
        doit reset-dep unknown
        """,
    ),
    "reset-dep before the first run": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        cp a.in a.mid; cp b.in b.mid; cat a.in b.in > joined.txt
        doit reset-dep
        doit
        doit list --all --status
        """,
    ),
    "always": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        doit -a
        doit -a print
        doit
        """,
    ),
    "single": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        echo 3 > a.in
        doit run --single join
        doit -s print
        doit
        """,
    ),
    "targets on the command line": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit joined.txt
        doit a.mid
        doit b.in
        doit 'copy:*'
        """,
    ),
    "help": story(
        "build.py",
        """
        doit help
        doit help run
        doit help list
        doit help task
        doit help join
        doit help unknown
        doit --version
        doit tabcompletion
        """,
    ),
    "strace": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit strace copy:a
        doit strace --all copy:a
        doit
        doit list --all --status
        """,
    ),
    "mistakes on the command line": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit unknown
        doit run --unknown
        doit list unknown
        doit info
        doit info copy join
        doit -n x
        doit -r unknown
        doit --backend unknown
        doit -P unknown -n 2
        doit ''
        """,
    ),
    **{
        f"reporter {name}": story(
            "build.py",
            f"""
            echo 1 > a.in; echo 2 > b.in
            doit -r {name}
            doit -r {name}
            rm a.in
            doit -r {name}
            """,
        )
        for name in ("json", "zero", "executed-only", "error-only")
    },
    **{
        f"backend {name}": story(
            "build.py",
            f"""
            echo 1 > a.in; echo 2 > b.in
            doit run --backend {name}
            doit run --backend {name}
            doit ignore --backend {name} join
            doit run --backend {name}
            doit forget --backend {name} join
            doit run --backend {name}
            doit clean --backend {name} --forget join
            doit list --backend {name} --status copy
            """,
        )
        for name in ("json", "sqlite3")
    },
    "mistakes in tasks": story(
        "errors.py",
        *(f"doit mistake={mistake}" for mistake in MISTAKES),
        # Plain doit shows a KeyError with its traceback for unknown `getargs`.
        *(f"doit list mistake={one} --all --status" for one in MISTAKES if one != "getargs"),
        *(f"doit mistake={mistake} -n 2 late" for mistake in MISTAKES),
        unordered=True,
    ),
}
