"""From a CSV to a page: the months with much rain."""

import csv
import json
from datetime import date
from pathlib import Path
from string import Template

from doit.tools import create_folder

WET = 90  # mm of rain that make a month a wet one


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
        "file_dep": ["rain.csv"],  # run again when the file changes
        "targets": ["build/wet.json"],
    }


def task_page():
    return {
        "actions": [fill],  # ... when the function or what it calls does: nothing to list
        "file_dep": ["build/wet.json", "templates/"],  # ... when anything in the directory does
        "targets": ["build/page.txt"],
        "ttl": "1d",  # ... and once a day, as the page carries the date
    }
