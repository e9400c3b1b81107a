"""A script that a command runs."""

import helpers

print(helpers.clean(" script "))
