"""Content Credentials: what a file's C2PA manifest store claims, and whether it still fits the file; read by c2pa-rs.

A manifest says who signed which history of a file. That a signature fits says nothing of whether the history is true,
nor does it say who the signer is: no list of trusted signers comes with this tool. That there is no manifest says
nothing about a picture: most have none, and to remove one takes a single click. A verdict holds for one version of the
validator, which stands in each. Nothing is fetched: no manifest that lies elsewhere, no answer on revoked certificates.
Source: C2PA Technical Specification, chapters "Claims", "Validation" and "C2PA Standard Assertions".
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, PermanentFailure, Result
from evidence.when import InvalidWhen, parse

MEDIA = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/avif", "image/heic", "image/heif",
        "video/mp4", "video/quicktime",
    }
)  # fmt: skip
"""What it reads. PDFs can carry a manifest, too; the validator starts threads to read one, which are not to be had."""

_SIGNATURES = (
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"....ftypavi[fs]", "image/avif"),
    (rb"....ftyp(?:hei[cxms]|mif1|msf1)", "image/heic"),
    (rb"....ftypqt  ", "video/quicktime"),
    (rb"....ftyp", "video/mp4"),
)
SETTINGS = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}

LARGEST = 128 << 20
"""Bytes of a file: the validator holds some formats in memory as a whole, twice."""

ASKED = 400_000
"""How often the validator may read a piece of a file: some seconds of it. A whole one takes some thousands."""

MOST = 50
"""Of actions, ingredients and codes: how many are listed."""

LONGEST = 300
"""Characters of a text that the manifest gives."""

REPORT = 4 << 20
"""Bytes of the validator's own report, up to which it is kept."""

NONE, ELSEWHERE = "no manifest", "the manifest lies elsewhere and was not fetched"
UNTRUSTED, TRUSTED = "signed, signer not trusted", "signed, signer trusted"
_STATES = {"Valid": UNTRUSTED, "Trusted": TRUSTED}
_REMOTE = re.compile(r"Remote: must fetch remote manifests from url (\S+)")
_OF_TRUST_ALONE = frozenset({"signingCredential.untrusted"})


@dataclass(frozen=True, kw_only=True)
class Action:
    """One step of the history that the manifest claims; `when` is EDTF or empty, `source_type` a term's address."""

    action: str
    when: str
    software: str
    source_type: str


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """Another file that the manifest says this one was made with, and its part in that."""

    title: str
    format: str
    relationship: str


@dataclass(frozen=True, kw_only=True)
class ContentCredentials:
    """What the file's manifest claims: none of it is known to be true, and a file without one is no worse for it.

    `verdict` is "no manifest", "the manifest lies elsewhere and was not fetched", "signed, signer not trusted",
    "signed, signer trusted" (by a list of signers; none comes with this tool) or "broken: " and what does not fit.
    `state` is the validator's own word, `codes` what it found against the active manifest, `ingredient_codes` against
    those of its ingredients. `signer` is the name in the certificate and `signed_at` (EDTF) its time as the file has
    them. The rest is the active manifest's; `more` names the lists that are not whole. `report` says whether the
    validator's whole report is kept beside this.
    """

    verdict: str
    validator: str
    state: str = ""
    codes: tuple[str, ...] = ()
    ingredient_codes: tuple[str, ...] = ()
    title: str = ""
    claim_generator: str = ""
    signer: str = ""
    signed_at: str = ""
    remote: str = ""
    manifests: int = 0
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    more: tuple[str, ...] = ()
    report: bool = False


def read_credentials(given: EnricherInput) -> Result:
    """Read the manifest store and let the validator judge it; keep its report as it is."""
    assert given.original is not None  # noqa: S101 -- images have an original
    if given.original.stat().st_size > LARGEST:
        raise PermanentFailure(f"The file has more than {LARGEST >> 20} MiB: too many for Content Credentials here.")
    verdict, remote, text = _ask(given.original)
    if not text:
        return Result(output=ContentCredentials(verdict=verdict, validator=_tool(), remote=remote[:LONGEST]))
    made: tuple[Made, ...] = ()
    if len(text.encode()) <= REPORT:
        path = given.folder / "content-credentials.json"
        path.write_text(text, encoding="utf-8")
        made = (Made(name="report", path=path, media_type="application/json"),)
    output = _told(json.loads(text), kept=bool(made))
    return Result(output=output, made=made, flags=_flags(output))


def _ask(path: Path) -> tuple[str, str, str]:
    """Have the validator read a file: a verdict where it has no manifest of its own, its address, else the report."""
    import c2pa

    with path.open("rb") as file:
        head = file.read(16)
    media = next((name for signature, name in _SIGNATURES if re.match(signature, head, re.S)), None)
    if media is None:
        raise PermanentFailure("Not a file in a format whose Content Credentials are read here.")
    context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
    with _Pieces(path.open("rb", buffering=0)) as file:
        try:
            with c2pa.Reader(media, file, context=context) as reader:
                return "", "", reader.json()
        except c2pa.C2paError.ManifestNotFound as error:
            if file.asked > ASKED:
                raise PermanentFailure("The file has too many parts to be looked through.") from error
            return NONE, "", ""
        except c2pa.C2paError.NotSupported as error:
            raise PermanentFailure("The validator does not know the format.") from error
        except c2pa.C2paError as error:
            if found := _REMOTE.match(str(error)):
                return ELSEWHERE, found[1], ""
            raise PermanentFailure(f"Its Content Credentials can not be read: {str(error)[:LONGEST]}") from error


class _Pieces(io.BufferedReader):
    """A file that is read so many times and no more: some formats may have millions of parts."""

    asked = 0

    def readinto(self, buffer: Any) -> int:
        self.asked += 1
        if self.asked > ASKED:
            raise OSError("The file has too many parts.")
        return super().readinto(buffer)


def _told(report: Mapping[str, Any], *, kept: bool) -> ContentCredentials:
    """Pick out of the validator's report what people ask first; whatever in it is of another shape counts as absent."""
    manifests = _mapping(report.get("manifests"))
    active = _mapping(manifests.get(str(report.get("active_manifest"))))
    signature = _mapping(active.get("signature_info"))
    results = _mapping(report.get("validation_results"))
    codes = _failures(results.get("activeManifest"))
    deltas = [_mapping(each).get("validationDeltas") for each in _list(results.get("ingredientDeltas"))]
    of_ingredients = tuple(dict.fromkeys(code for delta in deltas for code in _failures(delta)))
    actions, ingredients = _actions(active), _list(active.get("ingredients"))
    lists: dict[str, Sequence[Any]] = {
        "codes": codes, "ingredient_codes": of_ingredients, "actions": actions, "ingredients": ingredients
    }  # fmt: skip
    state = _text(report.get("validation_state"))
    return ContentCredentials(
        verdict=_STATES.get(state) or _broken([*codes, *of_ingredients]),
        validator=_tool(),
        state=state,
        codes=codes[:MOST],
        ingredient_codes=of_ingredients[:MOST],
        title=_text(active.get("title")),
        claim_generator=_generator(active),
        signer=_text(signature.get("issuer")),
        signed_at=_time(signature.get("time")),
        manifests=len(manifests),
        actions=tuple(map(_action, actions[:MOST])),
        ingredients=tuple(map(_ingredient, ingredients[:MOST])),
        more=tuple(name for name, found in lists.items() if len(found) > MOST),
        report=kept,
    )


def _broken(codes: Sequence[str]) -> str:
    """Name what does not fit, before that nobody vouches for the signer, which is said of all."""
    serious = [code for code in dict.fromkeys(codes) if code not in _OF_TRUST_ALONE] or list(codes)
    return f"broken: {', '.join(serious[:5]) or 'the validator gives no code'}"


def _failures(results: Any) -> tuple[str, ...]:
    found = [_text(_mapping(each).get("code")) for each in _list(_mapping(results).get("failure"))]
    return tuple(dict.fromkeys(code for code in found if code))


def _actions(manifest: Mapping[str, Any]) -> list[Any]:
    assertions = [_mapping(each) for each in _list(manifest.get("assertions"))]
    told = [each.get("data") for each in assertions if _text(each.get("label")).startswith("c2pa.actions")]
    return [action for data in told for action in _list(_mapping(data).get("actions"))]


def _action(said: Any) -> Action:
    action = _mapping(said)
    return Action(
        action=_text(action.get("action")),
        when=_time(action.get("when")),
        software=_software(action.get("softwareAgent")),
        source_type=_text(action.get("digitalSourceType")),
    )


def _ingredient(said: Any) -> Ingredient:
    part = _mapping(said)
    names = ("title", "format", "relationship")
    return Ingredient(**{name: _text(part.get(name)) for name in names})


def _generator(manifest: Mapping[str, Any]) -> str:
    """Name the software; since version 2 of a claim it stands in a list of its own."""
    if said := _text(manifest.get("claim_generator")):
        return said
    told = _list(manifest.get("claim_generator_info"))
    return ", ".join(filter(None, map(_software, told[:5])))[:LONGEST]


def _software(said: Any) -> str:
    if isinstance(said, str):
        return _text(said)
    return " ".join(filter(None, (_text(_mapping(said).get(name)) for name in ("name", "version"))))


def _time(said: Any) -> str:
    text = _text(said)
    try:
        return text if text and parse(text) else ""
    except InvalidWhen:
        return ""


def _text(said: Any) -> str:
    return said[:LONGEST] if isinstance(said, str) else ""


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def _flags(found: ContentCredentials) -> tuple[Flag, ...]:
    if found.verdict in _STATES.values():
        return ()
    detail = f"The file's Content Credentials do not hold: {found.verdict}."
    return (Flag(flag="content_credentials_broken", detail=detail),)


def _missing() -> str:
    return "" if find_spec("c2pa") else "c2pa-python (requirements-extras.txt)"


def _tool() -> str:
    if _missing():
        return "c2pa-python"
    import c2pa

    return f"c2pa-python {version('c2pa-python')}, c2pa-rs {c2pa.sdk_version()}"


ENRICHER = Enricher(
    name="content_credentials",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=MEDIA,
    run=read_credentials,
    tool=_tool,
    parameters={"settings": SETTINGS, "largest": LARGEST},
    missing=_missing,
)
