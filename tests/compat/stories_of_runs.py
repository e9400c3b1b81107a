"""Stories about runners, failures, checkers, and where doit is started."""

from __future__ import annotations

from .stories import story

STORIES = {
    "-n 2": story(
        "parallel.py",
        """
        for i in 0 1 2 3; do echo $i > $i.in; done
        doit -n 2
        doit -n 2
        echo 5 > 2.in
        doit -n 2
        doit -n 2 -a
        doit clean
        doit -n 2 -v 0
        doit list --all --status
        """,
        unordered=True,
    ),
    "-n 2 -P thread": story(
        "parallel.py",
        """
        for i in 0 1 2 3; do echo $i > $i.in; done
        doit -n 2 -P thread
        doit -n 2 -P thread
        echo 5 > 2.in
        doit -n 2 -P thread
        doit -n 2 -P thread -a
        doit
        """,
        unordered=True,
    ),
    "runner set in the configuration": story(
        "parallel.py",
        """
        for i in 0 1 2 3; do echo $i > $i.in; done
        sed -i 's/"verbosity": 2/"num_process": 2, "par_type": "thread"/' dodo.py
        doit
        doit
        doit -n 0
        """,
        unordered=True,
    ),
    "failures": story(
        "failures.py",
        """
        touch in.txt lost.txt
        doit false
        doit failed
        doit error
        doit exception
        doit exit
        doit exit --failure-verbosity 2
        doit missing
        doit loses_input
        doit dependent
        doit value
        python -m doit raises 2>&1 | tail -n 1
        doit list --all --status
        """,
    ),
    "--continue": story(
        "failures.py",
        """
        touch in.txt lost.txt
        doit
        doit --continue
        doit -c
        doit list --all --status
        """,
    ),
    "--continue -n 2": story(
        "failures.py",
        """
        touch in.txt lost.txt
        doit -c -n 2
        doit -c -n 2 -P thread
        doit list --all --status
        """,
        unordered=True,
    ),
    "output to a file": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit -o log
        cat log
        doit
        doit -v 0
        """,
    ),
    "reporter of one's own": story(
        "reporter.py",
        """
        touch in.txt
        doit
        doit
        echo 1 > in.txt
        doit
        doit -r console
        """,
    ),
    "timestamps": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit run --check_file_uptodate timestamp
        doit run --check_file_uptodate timestamp
        touch -d yesterday a.in
        doit run --check_file_uptodate timestamp
        doit run --check_file_uptodate timestamp
        doit list --all --status --check_file_uptodate timestamp
        """,
    ),
    "another checker": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        doit
        doit
        doit info join --check_file_uptodate timestamp
        doit run --check_file_uptodate timestamp
        doit run --check_file_uptodate timestamp
        doit run --check_file_uptodate md5
        doit run --check_file_uptodate unknown
        """,
    ),
    "checker of one's own": story(
        "checker.py",
        """
        echo 1 > in.txt
        doit
        doit
        echo 2 > in.txt
        doit
        echo 10 > in.txt
        doit
        doit list --all --status
        doit info size
        doit reset-dep
        doit run --check md5
        """,
    ),
    "several dodo files on one DB": story(
        "build.py",
        """
        echo 1 > a.in; echo 2 > b.in
        sed s/task_/task_other_/ dodo.py > other.py; sed -i s/mid/tmp/ other.py
        doit --db-file shared
        doit -f other.py --db-file shared other_copy
        doit --db-file shared
        doit list -f other.py --db-file shared --all --status
        """,
    ),
    "other directories": story(
        "build.py",
        """
        mkdir -p sub/below; cp dodo.py sub; cd sub; echo 1 > a.in; echo 2 > b.in
        doit -f sub/dodo.py
        doit -f sub/dodo.py
        cd sub/below; python -m doit -k
        doit -f dodo.py -d sub
        doit -f nowhere.py
        ls -A sub
        """,
    ),
}
