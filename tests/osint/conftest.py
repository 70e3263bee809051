"""What the tests of the whole project share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def log_folder(tmp_path: Path, settings: Any) -> Path:
    """A folder of its own for the log's key and anchor; there is no key yet."""
    settings.DATA_DIR, settings.ANCHOR_FILE = tmp_path, tmp_path / "anchor" / "head"
    return tmp_path
