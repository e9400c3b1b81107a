"""Stories about tasks: what they depend on, when they are up-to-date, what they do."""

from __future__ import annotations

from .stories import IN_BETWEEN, Differs, story

CODE = "with the loader the code of actions is tracked"
TARGETS = "with the loader the contents of targets are tracked"
GIVEN = "with the loader what actions are given is tracked, options of the task among it"
EDITED = "an input that was edited while the task ran leaves the task not up-to-date"

STORIES = {
    "calc_dep": story(
        "calc_dep.py",
        """
        echo a.txt > list.txt; echo 1 > a.txt; echo 2 > b.txt
        doit
        doit
        echo 3 >> a.txt
        doit use
        echo b.txt >> list.txt
        doit use
        doit use
        rm b.txt
        doit use
        """,
    ),
    "calc_dep in list and info": story(
        "calc_dep.py",
        """
        echo a.txt > list.txt; echo 1 > a.txt
        doit
        doit use
        doit list --all --status
        doit info use
        """,
    ),
    "getargs": story(
        "getargs.py",
        """
        echo 1 > x.txt
        doit numbers print command
        doit print command
        echo 5 > x.txt
        doit print command
        doit command
        doit wrong
        doit forget numbers
        doit command
        doit list --all --status
        """,
    ),
    "getargs of a task that never ran": story(
        "getargs.py",
        """
        doit early
        doit list --all --status
        doit early
        """,
    ),
    "result_dep": story(
        "result_dep.py",
        """
        echo 1 > version.txt; echo a > a.txt; echo b > b.txt
        doit
        doit
        echo 2 > version.txt
        doit
        echo c > b.txt
        doit
        doit deploy
        doit list --all --status
        """,
    ),
    "setup and teardown": story(
        "setups.py",
        """
        echo 1 > in.txt
        doit
        doit
        echo 2 > in.txt
        doit
        doit broken
        doit bad_teardown
        doit -c broken one
        doit list --all --status
        """,
    ),
    "groups and names": story(
        "groups.py",
        """
        for name in a b c; do echo $name > $name.txt; done
        doit list
        doit list --all --private --quiet
        doit list --deps build
        doit
        doit
        doit wild
        doit build:b 'odd:two words' odd:größe
        echo x >> b.txt
        doit build
        doit 'build:*'
        doit list --all --status
        doit forget build:a
        doit build
        doit clean build
        doit build all
        doit info build
        doit empty
        doit nothing
        doit build:d
        """,
    ),
    "create_after": story(
        "delayed.py",
        """
        doit list --all
        doit plain
        doit merge count
        doit
        doit clean
        doit convert
        doit list --all --status
        """,
    ),
    "create_after with target_regex": story(
        "delayed.py",
        """
        doit parts/a.out
        doit parts/b.out
        doit parts/c.out
        doit convert:a
        doit -c parts/a.out late
        doit unknown.out
        """,
    ),
    "create_after -n 2": story(
        "delayed.py",
        """
        doit plain unpack convert merge -n 2
        doit merge count -n 2 -P thread
        """,
        unordered=True,
    ),
    "uptodate": story(
        "uptodate.py",
        """
        touch watched
        doit
        doit
        doit level=2
        doit level=2
        touch flag; touch -d yesterday watched
        doit
        doit list --all --status
        rm made
        doit with_target
        doit info one:function
        doit info one:none
        doit info one:text
        """,
    ),
    "changed": story(
        "changed.py",
        """
        echo 1 > a.txt; echo 1 > b.txt; touch flag
        doit
        doit
        echo 2 > b.txt
        doit
        rm *.out
        doit
        rm flag; echo 3 > a.txt
        doit
        """,
    ),
    "changed, with an uptodate that is false": story(
        "changed.py",
        """
        echo 1 > a.txt; echo 1 > b.txt
        doit show:false
        doit show:false
        echo 2 > b.txt
        doit show:false
        """,
    ),
    "changed, with an uptodate that is false and no target": story(
        "changed.py",
        """
        echo 1 > a.txt; echo 1 > b.txt
        doit 'show:false and target'
        rm second.out
        doit 'show:false and target'
        """,
    ),
    "missing input that another task makes": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit list --all --status
        doit info print
        doit
        rm joined.txt
        doit list --all --status
        doit info print
        """,
    ),
    "run by plain doit in between": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        echo 3 > a.in
        doit
        doit
        """,
    ),
    "files": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        echo 3 > a.in
        doit list --all --status
        doit info copy:a
        doit
        doit
        rm b.mid
        doit info copy:b
        doit
        rm a.in
        doit list --all --status
        doit info copy:a
        doit
        doit -c
        """,
        skipped=IN_BETWEEN,
    ),
    "touched files": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        touch a.in b.mid joined.txt
        doit list --all --status
        doit
        doit list --all --status
        """,
    ),
    "file_dep added and removed": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        sed -i 's/dep": ."joined.txt"./dep": ["joined.txt", "a.in"]/' dodo.py
        doit info print
        doit
        doit
        sed -i 's/"joined.txt", "a.in"/"a.in"/' dodo.py
        doit info print
        doit
        doit
        """,
    ),
    "actions": story(
        "actions.py",
        """
        touch in.txt second.txt
        doit
        doit
        echo 1 > in.txt
        doit
        doit list --all --status
        doit info everything
        doit clean
        ls
        """,
    ),
    "parameters": story(
        "parameters.py",
        """
        touch in.txt
        doit
        doit var=given
        doit greet -n me -t 2 --loud
        doit greet --quiet positional a b c
        doit made --count 3
        doit choice --kind b
        """,
        Differs("doit choice", "-- choice\n", ".  choice\na\n", GIVEN),
        """
        doit choice --kind c
        doit greet --unknown
        doit help greet
        doit info choice
        """,
    ),
    "edited code": story(
        "code.py",
        """
        echo 1 > in.txt
        doit build
        doit build
        sed -i s/one/three/ dodo.py
        """,
        Differs("doit list --status build", "U build   \n", "R build   \n", CODE),
        Differs("doit build", "-- build\n", ".  build\n", CODE),
        Differs("cat out.txt", "one", "three", CODE),
        "doit build",
    ),
    "edited target": story(
        "code.py",
        """
        echo 1 > in.txt
        doit build
        echo edited > out.txt
        """,
        Differs("doit build", "-- build\n", ".  build\n", TARGETS),
        Differs("cat out.txt", "edited\n", "one", TARGETS),
        "doit build",
    ),
    "input edited by its own task": story(
        "code.py",
        """
        echo abab > text.txt
        doit format
        """,
        Differs("doit format", "-- format\n", ".  format\n", EDITED),
        "doit format",
    ),
}
