"""Make a page about the wet months in a CSV file."""

import csv
import json
from datetime import date
from pathlib import Path
from string import Template

from doit.tools import create_folder

WET = 90  # mm of rain in a wet month, at least


def is_wet(month, least):
    return int(month["mm"]) >= least


def select(least, targets):
    with open("rain.csv", newline="") as file:
        wet = [month for month in csv.DictReader(file) if is_wet(month, least)]
    Path(targets[0]).write_text(json.dumps(wet))


def fill(targets):
    page, row = (Template(Path(f"templates/{name}.txt").read_text()) for name in ("page", "row"))
    wet = json.loads(Path("build/wet.json").read_text())
    rows = "".join(row.substitute(month) for month in wet)
    Path(targets[0]).write_text(page.substitute(rows=rows, today=date.today()))


def task_select():
    return {
        "actions": [(create_folder, ["build"]), (select, [WET])],
        "file_dep": ["rain.csv"],  # the content of the file counts
        "targets": ["build/wet.json"],
    }


def task_page():
    return {
        "actions": [fill],  # its code is tracked automatically
        "file_dep": ["build/wet.json", "templates/"],  # all files in a directory count
        "targets": ["build/page.txt"],
        "ttl": "1d",  # run once a day, because the page shows the date
    }
