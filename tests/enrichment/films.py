"""Short videos, written by the library that reads them: each frame is of one grey, brighter than the one before."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def film(path: Path, *, codec: str = "mp4v", frames: int = 30, size: tuple[int, int] = (320, 240)) -> Path:
    """Write a video of ten frames a second; frame n has brightness 8n."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), 10.0, size)
    assert writer.isOpened()
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 8 * number, np.uint8))
    writer.release()
    return path
