"""Print the frozen list of event shapes as it would be now: `python -m tests.ledger.freeze`."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "osint.settings")
django.setup()

from tests.ledger.test_shapes import as_listed  # noqa: E402 -- needs the apps

if __name__ == "__main__":
    print(json.dumps(as_listed(), indent=1))
