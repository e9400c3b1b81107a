"""From a CSV to a page: the months with much rain."""

import csv
import json
from datetime import date
from pathlib import Path
from string import Template

from doit.tools import create_folder

from doit_invariants import Value

WET = 90  # mm of rain that make a month a wet one


def select(least, targets):
    with open("rain.csv", newline="") as file:
        wet = [row for row in csv.DictReader(file) if int(row["mm"]) >= least]
    Path(targets[0]).write_text(json.dumps(wet))


def fill(targets):
    page, row = (Template(Path(f"templates/{name}.txt").read_text()) for name in ("page", "row"))
    wet = json.loads(Path("build/wet.json").read_text())
    rows = "".join(row.substitute(month) for month in wet)
    Path(targets[0]).write_text(page.substitute(rows=rows, today=date.today()))


def task_select():
    return {
        "actions": [(create_folder, ["build"]), (select, [WET])],
        "file_dep": ["rain.csv"],
        "targets": ["build/wet.json"],
        "invariants": [Value(WET, name="WET")],  # run again when the number changes
    }


def task_page():
    return {
        "actions": [fill],  # ... when this function changes: nothing to declare
        "file_dep": ["build/wet.json", "templates/"],  # ... when anything in the directory does
        "targets": ["build/page.txt"],
        "ttl": "1d",  # ... and once a day, as the page carries the date
    }
