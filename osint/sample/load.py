"""Load the sample investigation, through the same commands and the same reading of fields as the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from analysis import commands as analysis
from analysis.domain import FindingSignedOff
from cases import commands as cases
from cases.domain import Role, Sensitivity
from cases.models import Case
from evidence import commands as evidence
from evidence.domain import (
    Credibility,
    EvidenceGraded,
    EvidenceLinked,
    EvidenceSubmitted,
    FileReference,
    Relation,
    Reliability,
)
from evidence.serializers import SubmitSerializer
from ledger import store
from ledger.actors import Actor
from ledger.errors import DomainError
from osint.sample import conclusions, fleet, pictures, statements

TITLE = "Tankers at Vostochny (sample)"
TAG = "sample"
DESCRIPTION = """\
How much oil did North Korean tankers load at Vostochny Port from March to November 2024, and is it more \
than the 500,000 barrels a year that the United Nations allow?

The statements are public ones of November 2024 and before, paraphrased and attributed. The ships, the \
sightings and the pictures are SYNTHETIC: generated from the published totals, and every record says so.
"""

SLIP_CALL, SLIP_M = 17, 0.6
"""A departure whose draught is first entered this much too deep, in metres, and then corrected."""

TWICE_CALL = 12
"""A departure that is entered twice; the second entry is retracted."""

Ids = dict[str, UUID]
Body = dict[str, Any]


def find_sample(*, owner: UUID) -> UUID | None:
    """Find the sample case: one that this person opened and that is tagged as the sample."""
    opened = Case.objects.filter(opened_by=Actor.person(owner).name).order_by("opened_at")
    # Databases differ in how they look into a JSON list; a person opens few cases.
    return next((case.id for case in opened.only("id", "tags") if TAG in case.tags), None)


@transaction.atomic
def load_sample(*, owner: UUID, reviewer: UUID, viewer: UUID) -> UUID:
    """Load the sample case, all or nothing, and return its id; where it is there already, nothing happens."""
    known = find_sample(owner=owner)
    if known is not None:
        return known
    lead, second = Actor.person(owner), Actor.person(reviewer)
    opened = cases.open_case(title=TITLE, description=DESCRIPTION, sensitivity=Sensitivity.CLEAR, by=lead)
    case = opened.stream
    cases.add_member(case_id=case, user=reviewer, role=Role.REVIEWER, by=lead)
    cases.add_member(case_id=case, user=viewer, role=Role.VIEWER, by=lead)
    ids = _submit_scenes(case, by=lead)
    ids |= _submit(case, _as_first_entered(ids), by=lead)
    # Last, so that the list of evidence begins with them.
    ids |= _submit(case, statements.statements(), by=lead)
    _link(case, ids, by=lead)
    _grade(case, ids, by=second)
    _set_right(case, ids, by=lead)
    _discuss(case, ids, lead=lead, reviewer=second)
    _conclude(case, ids, lead=lead, reviewer=second)
    cases.tag_case(case_id=case, tag=TAG, by=lead)
    return case


# --- evidence in ----------------------------------------------------------------------------------


def _submit_scenes(case: UUID, *, by: Actor) -> Ids:
    ids: Ids = {}
    for scene in pictures.scenes():
        with store.incoming() as incoming:
            incoming.write(scene.data)
            kept = incoming.keep()
        file = FileReference(sha256=kept.sha256, size=kept.size, name=scene.file_name, media_type="image/jpeg")
        body = scene.body | ({"derived_from": [str(ids[pictures.COPY_OF])]} if scene.name == pictures.COPY else {})
        recorded = evidence.submit_evidence(case_id=case, said=_read(body, file=file), by=by)
        ids[scene.name] = _item(recorded.item)
    return ids


def _submit(case: UUID, bodies: Iterable[Body], *, by: Actor) -> Ids:
    """Submit statements or sightings at once; return their ids by `external_id`.

    :raises DomainError: one of them was refused.
    """
    submissions = [_read(body) for body in bodies]
    ids: Ids = {}
    for said, result in zip(
        submissions, evidence.submit_batch(case_id=case, submissions=submissions, by=by), strict=True
    ):
        if isinstance(result, DomainError):
            raise result
        ids[said.external_id] = _item(result.item)
    return ids


def _read(body: Body, *, file: FileReference | None = None) -> EvidenceSubmitted:
    return SubmitSerializer.submission(body, sensitivity=Sensitivity.CLEAR, file=file)


def _item(item: UUID | None) -> UUID:
    if item is None:
        raise TypeError("A record of evidence has no item.")
    return item


def _as_first_entered(ids: Ids) -> list[Body]:
    """Make the sightings with the two slips that are set right later."""
    bodies = fleet.sightings(scenes={name: str(item) for name, item in ids.items() if name.startswith("scene-")})
    slip, twice = _departure(SLIP_CALL), _departure(TWICE_CALL)
    entered: list[Body] = []
    for body in bodies:
        if body["external_id"] == slip:
            body = body | {"draught_m": round(body["draught_m"] + SLIP_M, 2)}
        entered.append(body)
        if body["external_id"] == twice:
            entered.append(body | {"external_id": _second(twice), "title": f"{body['title']}, entered again"})
    return entered


def _departure(call: int) -> str:
    return fleet.key(fleet.port_calls()[call - 1], fleet.DEPARTURE)


def _second(external_id: str) -> str:
    return f"{external_id}/again"


# --- work on it -----------------------------------------------------------------------------------


def _link(case: UUID, ids: Ids, *, by: Actor) -> None:
    def link(item: str, relation: Relation, target: str, note: str) -> None:
        linked = EvidenceLinked(relation=relation, target=ids[target], note=note)
        evidence.link(case_id=case, item=ids[item], linked=linked, by=by)

    calls = fleet.port_calls()
    for (number, activity), scene in fleet.SCENES.items():
        sighting = fleet.key(calls[number - 1], activity)
        link(scene, Relation.DEPICTS, sighting, "SYNTHETIC: drawn for this sighting.")
        link(sighting, Relation.SUPPORTS, statements.DOCKINGS, "A port call of the generated fleet.")
        if activity == fleet.DEPARTURE:
            link(sighting, Relation.SUPPORTS, statements.VOLUME, "The draught after loading.")
    link(fleet.EMPTY_SCENE, Relation.DEPICTS, "sample/absence-1", "SYNTHETIC: drawn for this absence.")
    silences = [name for name in ids if name.endswith("/tracker-silent")]
    for name in silences[:3]:
        link(name, Relation.SUPPORTS, statements.TRACKERS, "A tracker that is silent around a port call.")
    call = calls[fleet.CONTRADICTED_CALL - 1]
    link(
        fleet.key(call, fleet.TRACKER_POSITION),
        Relation.CONTRADICTS,
        fleet.key(call, fleet.ARRIVAL),
        "The same ship, four minutes apart, at two places far from each other.",
    )
    link(statements.CORROBORATED, Relation.SUPPORTS, statements.AIR_DEFENCE, "According to the report.")
    link(statements.VOLUME, Relation.SUPPORTS, statements.DOCKINGS, "The same origin: it counts once.")
    twice = _departure(TWICE_CALL)
    link(_second(twice), Relation.SAME_AS, twice, "The same departure, entered twice.")


def _grade(case: UUID, ids: Ids, *, by: Actor) -> None:
    calls = fleet.port_calls()
    seen = [fleet.key(calls[number - 1], activity) for number, activity in fleet.SCENES]
    judged = [
        (statements.CAP, "A1", "The text of the resolution is public."),
        (statements.DOCKINGS, "B2", "A known organisation that shows its pictures; one origin."),
        (statements.VOLUME, "B3", "Follows from readings of draughts; the error is not published."),
        (statements.AIR_DEFENCE, "B3", "An official who would know, and who has an interest."),
        (statements.CORROBORATED, "F3", "Which service is not said: the source cannot be judged."),
        (statements.CONTAINERS, "B3", "A party to the matter; how it counted is not said."),
        (statements.GENERAL, "F4", "Unnamed officials through one newspaper, with no detail."),
        (statements.TROOPS, "F3", "An estimate whose authors are not named."),
        *((name, "B2", "SYNTHETIC, graded as an exercise: the scene and the reading agree.") for name in seen[:4]),
    ]
    for name, code, reason in judged:
        graded = EvidenceGraded(reliability=Reliability(code[0]), credibility=Credibility(code[1]), reason=reason)
        evidence.grade(case_id=case, item=ids[name], graded=graded, by=by)


def _set_right(case: UUID, ids: Ids, *, by: Actor) -> None:
    """Correct the one slip, take the other back: both stay readable."""
    call = fleet.port_calls()[SLIP_CALL - 1]
    evidence.correct(
        case_id=case,
        item=ids[_departure(SLIP_CALL)],
        changes={"draught_m": call.departure_draught_m},
        reason=f"Read one mark too deep: it is {call.departure_draught_m} m, not "
        f"{round(call.departure_draught_m + SLIP_M, 2)} m.",
        by=by,
    )
    evidence.retract(
        case_id=case,
        item=ids[_second(_departure(TWICE_CALL))],
        reason=f"Entered twice: the departure of call {TWICE_CALL} is in the case already.",
        by=by,
    )


def _conclude(case: UUID, ids: Ids, *, lead: Actor, reviewer: Actor) -> None:
    """State the findings, let their numbers be computed, and have those signed off that are ready for it."""
    known: dict[str, UUID] = {}
    for name, stated in conclusions.stated(known, ids):
        known[name] = _item(analysis.state_finding(case_id=case, stated=stated, by=lead).item)
        computed = analysis.compute_finding(case_id=case, finding=known[name], by=lead)
        if name in conclusions.SIGNED_OFF:
            said = FindingSignedOff(digest=computed.data.digest, note=conclusions.SIGNED_OFF[name])
            analysis.sign_off_finding(case_id=case, finding=known[name], signed_off=said, by=reviewer)


def _discuss(case: UUID, ids: Ids, *, lead: Actor, reviewer: Actor) -> None:
    contradicted = fleet.key(fleet.port_calls()[fleet.CONTRADICTED_CALL - 1], fleet.TRACKER_POSITION)
    said: list[tuple[str, Actor, str]] = [
        (
            pictures.WRONG_CLOCK,
            reviewer,
            "The time inside the file is in May, the submission says August. @lead?",
        ),
        (
            pictures.WRONG_CLOCK,
            lead,
            "On purpose, in this sample: see the collection notes. The sighting stands.",
        ),
        (
            contradicted,
            reviewer,
            "The tracker and the scene cannot both be right; trackers can be made to lie.",
        ),
        (statements.GENERAL, reviewer, "No second origin so far. Not for publication as a fact. @lead"),
        (
            _departure(SLIP_CALL),
            reviewer,
            "Checked after the correction: agrees with the other calls of this ship.",
        ),
    ]
    for name, by, text in said:
        evidence.comment(case_id=case, item=ids[name], text=text, by=by)
    text = "The three oil statements share one origin, the OSC. What would a second, independent one be?"
    cases.comment_on_case(case_id=case, text=text, by=reviewer)
