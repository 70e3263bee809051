"""A wrong set-up is said at the start, by id."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from osint import checks

KEY = "k" * 50


def found() -> set[str]:
    messages = [
        *checks.settings_are_safe(),
        *checks.broker_can_be_reached_as_written(),
        *checks.attestors_can_be_checked(),
    ]
    assert all(message.hint for message in messages)
    return {str(message.id) for message in messages}


@pytest.fixture(autouse=True)
def right_settings(tmp_path: Path) -> Iterator[None]:
    tmp_path.chmod(0o700)
    with override_settings(
        SECRET_KEY=KEY,
        DEBUG=False,
        ALLOWED_HOSTS=["localhost"],
        DATA_DIR=tmp_path,
        REDIS_URL="redis://broker:6379/0",
    ):
        yield


def test_right_settings_are_passed_in_silence() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"SECRET_KEY": "short"}, {"waterline.E001"}),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["evidence.example.org"]}, {"waterline.E002"}),
        ({"ALLOWED_HOSTS": ["*"]}, {"waterline.W001"}),
        ({"REDIS_URL": "amqp://broker"}, {"waterline.E003"}),
        ({"TSA_ROOTS": "/nowhere/roots.pem"}, {"waterline.E005"}),
        ({"TSA_ROOTS": __file__}, {"waterline.E005"}),
        ({"WITNESSES": [("one+00000000+BA==", "https://one.example")]}, {"waterline.E006"}),
    ],
)
def test_each_wrong_setting_is_named(wrong: dict[str, object], expected: set[str]) -> None:
    with override_settings(**wrong):
        assert found() == expected


def test_an_open_data_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert found() == {"waterline.W002"}
