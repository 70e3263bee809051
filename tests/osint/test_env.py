"""Settings from the environment: typed, from files too, and loud when wrong."""

import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from osint import env


def test_a_secret_can_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://waterline@database/waterline\n")
    monkeypatch.setenv("PLACE_FILE", str(tmp_path / "url"))
    assert env.text("PLACE") == "postgresql://waterline@database/waterline"


def test_a_value_given_twice_or_in_no_file_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLACE_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env.text("PLACE")
    monkeypatch.setenv("PLACE", "here")
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.text("PLACE")


@pytest.mark.parametrize("value", ["-1", "1.5", "ten", "1_000", "٣"])
def test_a_wrong_number_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AMOUNT", value)
    with pytest.raises(ImproperlyConfigured, match="AMOUNT must be a whole number"):
        env.whole("AMOUNT", 7)


def test_a_wrong_yes_or_no_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WISH", "maybe")
    with pytest.raises(ImproperlyConfigured, match="WISH must be yes or no"):
        env.switch("WISH")


def test_the_secret_key_is_made_once_and_for_its_owner_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KEY", raising=False)
    file = tmp_path / "secret-key"
    first = env.secret("KEY", kept_in=file)
    assert len(first) >= 50
    assert env.secret("KEY", kept_in=file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_the_secret_key_is_on_disk_before_it_has_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else a power cut just after the first start leaves an empty file, and no start ever succeeds again."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    monkeypatch.delenv("KEY", raising=False)
    secret = env.secret("KEY", kept_in=tmp_path / "secret-key")
    assert synced == [len(secret)]


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("s3://key:sec%2Fret@127.0.0.1:9000/bucket", "http://127.0.0.1:9000"),
        ("s3://key:sec%2Fret@s3.example.org/bucket", "https://s3.example.org"),
        ("s3://key:sec%2Fret@s3.example.org:8443/bucket?tls=yes", "https://s3.example.org:8443"),
        ("s3://key:sec%2Fret@s3.example.org/bucket?tls=no", "http://s3.example.org"),
    ],
)
def test_a_store_is_read_from_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, endpoint: str
) -> None:
    monkeypatch.setenv("STORE", url)
    options = env.storage("STORE", embedded=tmp_path)["OPTIONS"]
    assert options["endpoint_url"] == endpoint
    assert (options["bucket_name"], options["access_key"], options["secret_key"]) == (
        "bucket",
        "key",
        "sec/ret",
    )


@pytest.mark.parametrize("url", ["http://host/bucket", "s3://host", "s3:///bucket", "s3://host/bucket?x=1"])
def test_a_wrong_address_of_a_store_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    monkeypatch.setenv("STORE", url)
    with pytest.raises(ImproperlyConfigured, match="STORE must read s3://"):
        env.storage("STORE", embedded=tmp_path)


def test_a_database_of_another_kind_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BASE", "mysql://host/name")
    with pytest.raises(ImproperlyConfigured, match="BASE must begin with postgresql"):
        env.database("BASE", embedded=tmp_path / "x", pool=0)


def test_addresses_and_witnesses_are_read_from_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIST", " https://one.example/tsa, http://two.example ,")
    assert env.addresses("LIST") == ["https://one.example/tsa", "http://two.example"]
    monkeypatch.delenv("LIST")
    assert env.addresses("LIST") == env.witnesses("LIST") == []
    file = tmp_path / "witnesses"
    file.write_text("one+00000000+BA== https://one.example\n\ntwo+00000000+BA==  http://two.example/x/\n")
    monkeypatch.setenv("LIST_FILE", str(file))
    assert env.witnesses("LIST") == [
        ("one+00000000+BA==", "https://one.example"),
        ("two+00000000+BA==", "http://two.example/x/"),
    ]


@pytest.mark.parametrize("value", ["tsa.example", "ftp://tsa.example", "https://", "https://one.example, two"])
def test_a_wrong_address_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LIST", value)
    with pytest.raises(ImproperlyConfigured, match="LIST must list http://"):
        env.addresses("LIST")


@pytest.mark.parametrize("value", ["https://one.example", "one+00000000+BA==", "one+00000000+BA== ftp://one.example"])
def test_a_witness_without_key_or_address_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LIST", value)
    with pytest.raises(ImproperlyConfigured, match="LIST must list a verifier key"):
        env.witnesses("LIST")
