"""Evidence as clients send it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

STATEMENT = {
    "kind": "statement",
    "title": "A researcher on the dockings",
    "text": "A dozen tankers docked 43 times since March.",
    "when": "2024-11",
    "speaker": {"name": "A researcher", "role": "OSC"},
    "attribution": [{"name": "OSC", "role": "said"}, {"name": "BBC", "role": "published"}],
    "source": {"name": "BBC", "kind": "broadcaster"},
    "tags": ["claim"],
}
SIGHTING = {
    "kind": "sighting",
    "title": "Grey Heron at the terminal",
    "when": "2024-05-03T10:00Z",
    "place": {"name": "Vostochny", "lat": 42.74, "lon": 133.08, "radius_m": 500},
    "subject": {"kind": "ship", "name": "Grey Heron"},
    "activity": "loading",
    "draught_m": 7.2,
    "draught_error_m": 0.3,
}


def picture(size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, "navy").save(buffer, "PNG")
    return buffer.getvalue()


def upload(api: APIClient, case: str, data: bytes, *, name: str = "scene.png", **metadata: Any) -> Any:
    body = {
        "metadata": json.dumps({"kind": "image", **metadata}),
        "file": SimpleUploadedFile(name, data, content_type="image/png"),
    }
    return api.post(f"{case}evidence/", body, format="multipart")


def submit(api: APIClient, case: str, **fields: Any) -> str:
    answer = api.post(f"{case}evidence/", {**STATEMENT, **fields})
    assert answer.status_code == 201, answer.content
    address: str = answer.headers["Location"]
    return address
