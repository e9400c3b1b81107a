"""A file checker of one's own."""

from doit.dependency import FileChangedChecker


class SizeChecker(FileChangedChecker):
    def check_modified(self, file_path, file_stat, state):
        return file_stat.st_size != state

    def get_state(self, dep, current_state):
        import os

        return os.stat(dep).st_size


DOIT_CONFIG = {"check_file_uptodate": SizeChecker}


def task_size():
    return {"actions": ["cat in.txt"], "file_dep": ["in.txt"], "verbosity": 2}
