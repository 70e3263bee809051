"""Videos: what the container says, frames at even distances, and files made to be hostile."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from PIL import Image, ImageStat

from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers import file_identity
from enrichment.enrichers import video as enricher
from enrichment.enrichers.video import SHOWN, watch
from ledger.actors import Actor
from tests.enrichment.examining import examine_all
from tests.enrichment.films import film
from tests.enrichment.jobs import results, submit_picture, work
from workspace.board import picture


def see(path: Path) -> Result:
    folder = path.parent / "made"
    folder.mkdir(exist_ok=True)
    return watch(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def reason(content: bytes, folder: Path) -> str:
    path = folder / "made.mp4"
    path.write_bytes(content)
    with pytest.raises(PermanentFailure) as failed:
        see(path)
    return str(failed.value)


# --- frames and what the container says -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec", "media_type"),
    [
        ("made.mp4", "mp4v", "video/mp4"),
        ("made.mov", "mp4v", "video/quicktime"),
        ("made.webm", "VP80", "video/webm"),
        ("made.mkv", "MJPG", "video/x-matroska"),
        ("made.avi", "MJPG", "video/avi"),
    ],
)
def test_a_video_of_each_container_is_known_and_shown(name: str, codec: str, media_type: str, tmp_path: Path) -> None:
    path = film(tmp_path / name, codec=codec)
    told = file_identity.identify(EnricherInput(kind="image", fields={}, original=path, folder=tmp_path))
    assert told.output.media_type == media_type
    assert media_type in enricher.MEDIA
    found = see(path).output
    assert (found.width, found.height, found.duration_s, found.frame_rate) == (320, 240, 3.0, 10.0)
    assert len(found.frames) == SHOWN
    assert not found.unfinished


def test_frames_are_taken_at_even_distances_and_the_first_has_a_small_picture(tmp_path: Path) -> None:
    result = see(film(tmp_path / "made.mp4"))
    assert [frame.at_s for frame in result.output.frames] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert [made.name for made in result.made] == ["preview", "thumb", *(f"frame-{n}" for n in range(2, SHOWN + 1))]
    shown = [made.path for made in result.made if made.name != "thumb"]
    grey = []
    for path in shown:
        with Image.open(path) as frame:
            grey.append(ImageStat.Stat(frame.convert("L")).mean[0])
    # Frame n is as bright as 8n, before it was compressed.
    assert all(abs(value - 40 * number) < 6 for number, value in enumerate(grey))


def with_times(path: Path, made: int, changed: int) -> Path:
    content = bytearray(path.read_bytes())
    at = content.index(b"mvhd") + 8
    content[at : at + 8] = struct.pack(">LL", made, changed)
    path.write_bytes(content)
    return path


def test_times_of_the_container_are_utc(tmp_path: Path) -> None:
    # 2024-05-03T10:15:00Z, in seconds since 1904.
    then = 3_797_576_100
    found = see(with_times(film(tmp_path / "made.mp4"), then, then + 60)).output
    assert (found.created, found.modified) == ("2024-05-03T10:15:00Z", "2024-05-03T10:16:00Z")


def test_a_clock_that_was_not_set_gives_no_time(tmp_path: Path) -> None:
    found = see(with_times(film(tmp_path / "made.mp4"), 0, 1)).output
    assert (found.created, found.modified) == ("", "")


def test_a_video_that_was_made_after_it_was_modified_is_flagged(tmp_path: Path) -> None:
    result = see(with_times(film(tmp_path / "made.mp4"), 3_797_576_100, 3_797_576_000))
    assert [flag.flag for flag in result.flags] == ["video_times_contradict"]


def test_when_the_time_is_up_fewer_frames_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "made.mp4")
    monkeypatch.setattr(enricher, "SECONDS", -1.0)
    with pytest.raises(PermanentFailure, match="No frame of the video can be decoded"):
        see(path)


@pytest.mark.django_db(transaction=True)
def test_the_first_frame_is_the_items_picture_and_image_says_who_reads_it(
    case: UUID, owner: Actor, tmp_path: Path, nothing_left: None
) -> None:
    item = submit_picture(case, owner, film(tmp_path / "berth.mp4"))
    work(case)
    work(case)
    found = results(case, item, owner)
    assert found["video"]["status"] == "done", found["video"]
    assert found["image"]["reason"] == "Not a picture; if it is a video, the tool video takes frames of it."
    assert picture(list(found.values()), "thumb", "preview") in found["video"]["derivatives"]


# --- hostile ----------------------------------------------------------------------------------------------

NOT_OPENED = "Not a video in a container that is opened here, or one without pictures."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + struct.pack(">L4sQ", 1, b"moov", 2**64 - 1),
        b"\x1aE\xdf\xa3" + b"\xff" * 200,
        b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrl",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_video_has_a_reason_and_a_list_of_files_is_none(content: bytes, tmp_path: Path) -> None:
    assert reason(content, tmp_path) == NOT_OPENED


def test_a_video_of_too_many_pixels_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enricher, "PIXELS", 1000)
    assert (
        reason(film(tmp_path / "a.mp4").read_bytes(), tmp_path) == "The video announces more than 1,000 pixels a frame."
    )


def test_times_behind_too_many_boxes_are_not_looked_for(tmp_path: Path) -> None:
    path = with_times(film(tmp_path / "made.mp4"), 3_797_576_100, 3_797_576_100)
    content = path.read_bytes()
    at = content.index(b"moov") - 4
    path.write_bytes(content[:at] + b"\0\0\0\x08free" * 5000 + content[at:])
    found = see(path).output
    assert (found.created, found.duration_s) == ("", 3.0)


def test_without_the_library_it_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert enricher.ENRICHER.missing() == ""
    monkeypatch.setattr(enricher, "find_spec", lambda name: None)
    assert enricher.ENRICHER.missing() == "opencv-python-headless (requirements-extras.txt)"
    assert enricher.ENRICHER.tool() == "opencv-python-headless"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mp4v"), ("a.webm", "VP80"), ("a.avi", "MJPG")])
def test_broken_copies_of_a_video_end_one_way_or_the_other(name: str, codec: str, tmp_path: Path) -> None:
    whole = film(tmp_path / name, codec=codec, size=(64, 48)).read_bytes()
    chance = Random(5)
    inputs = []
    for _ in range(12):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        inputs.append({"file": {"name": name}, "bytes": base64.b64encode(broken).decode()})
    for at in range(0, len(inputs), 2):
        for found in examine_all("image", inputs[at : at + 2]):
            assert found["file_identity"]["output"]["size"] == len(whole)
