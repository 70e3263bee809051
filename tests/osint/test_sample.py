"""The sample investigation: what it must add up to, what it must never contain, and how it is loaded."""

import csv
import hashlib
import json
import math
import re
from collections import defaultdict
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from PIL import ExifTags, Image

from analysis.models import Computation, Finding
from cases.models import Case, Comment, Member
from evidence import commands as evidence
from evidence.models import ItemState, Link
from evidence.when import parse
from exchange.bundle import write_bundle
from ledger import keys, store
from ledger.actors import Actor
from ledger.models import Event
from ledger.verify import verify
from osint.sample import fleet, load, pictures, statements
from verifier.verify import verify as verify_bundle

BARREL_CAP = 500_000


def sightings(activity: str = "") -> list[dict[str, Any]]:
    return [body for body in fleet.sightings() if activity in ("", body["activity"])]


def synthetic_bodies() -> list[dict[str, Any]]:
    return [*sightings(), *(scene.body for scene in pictures.scenes())]


def barrels(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> float:
    """Compute the volume as an outsider would, from nothing but the bodies and the stated formula."""
    tonnes = 0.0
    for arrival, departure in pairs:
        ship = departure["subject"]
        tonnes_per_centimetre = ship["length_m"] * ship["beam_m"] * 0.80 * 1.025 / 100
        tonnes += (departure["draught_m"] - arrival["draught_m"]) * 100 * tonnes_per_centimetre
    return tonnes * 7.45


def calls() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pair each departure with the ship's last arrival before it."""
    by_ship = defaultdict(list)
    for body in (*sightings(fleet.ARRIVAL), *sightings(fleet.DEPARTURE)):
        by_ship[body["subject"]["name"]].append(body)
    pairs = []
    for seen in by_ship.values():
        seen.sort(key=lambda body: parse(body["when"]).earliest)
        assert [body["activity"] for body in seen] == ["arrival", "departure"] * (len(seen) // 2)
        pairs += list(zip(seen[::2], seen[1::2], strict=True))
    return pairs


# -- the numbers --------------------------------------------------------------------------------------


def test_the_fleet_calls_43_times_with_12_ships() -> None:
    pairs = calls()
    assert len(pairs) == 43
    assert len({departure["subject"]["name"] for _, departure in pairs}) == 12


def test_the_draughts_lead_back_to_more_than_a_million_barrels() -> None:
    found = barrels(calls())
    assert 1_000_000 < found < 1_300_000
    assert found > 2 * BARREL_CAP
    assert found == pytest.approx(fleet.PARAMETERS.barrels, rel=0.01)


def test_every_ship_comes_light_leaves_deeper_and_carries_no_more_than_it_can() -> None:
    for arrival, departure in calls():
        ship = departure["subject"]
        assert 0 < arrival["draught_m"] < departure["draught_m"] <= ship["design_draught_m"]
        assert barrels([(arrival, departure)]) / 7.45 < ship["deadweight_t"]
        assert 0 < departure["draught_error_m"] < 1


def test_no_ship_is_at_the_terminal_twice_at_once() -> None:
    last_left: dict[str, Any] = {}
    for call in fleet.port_calls():
        if before := last_left.get(call.ship.name):
            assert call.arrived - before > timedelta(days=8)
        assert timedelta(days=2) < call.departed - call.arrived < timedelta(days=5)
        last_left[call.ship.name] = call.departed


def test_the_calls_lie_between_march_and_november_2024() -> None:
    moments = [moment for call in fleet.port_calls() for moment in (call.arrived, call.departed)]
    assert f"{min(moments):%Y-%m}" == "2024-03"
    assert f"{max(moments):%Y-%m}" == "2024-11"


def test_a_tracker_is_silent_from_before_a_call_until_after_it() -> None:
    silences = sightings(fleet.SILENT)
    assert len(silences) > 20
    for silence in silences:
        when = parse(silence["when"])
        during = [
            call
            for call in fleet.port_calls()
            if call.ship.name == silence["subject"]["name"]
            and when.earliest < call.arrived
            and call.departed < when.latest
        ]
        assert len(during) == 1


def test_nobody_is_there_when_somebody_looked_and_saw_nothing() -> None:
    absences = sightings(fleet.LOOKED)
    assert len(absences) == fleet.PARAMETERS.absences
    for absence in absences:
        assert absence["observed"] is False
        when = parse(absence["when"]).earliest
        assert not [call for call in fleet.port_calls() if call.arrived <= when <= call.departed]


def test_the_terminal_lies_where_the_port_index_has_the_port(shared: Path) -> None:
    with (shared / "data/world-port-index/UpdatedPub150.csv").open(encoding="utf-8-sig") as file:
        ports = {row["Main Port Name"]: row for row in csv.DictReader(file)}
    assert distance_km(ports["Vostochnyy"]) < 3
    assert distance_km(ports["Nakhodka"]) == pytest.approx(17, abs=1)


def distance_km(port: dict[str, str]) -> float:
    """Measure from the terminal on a flat map, which is exact enough over a few kilometres."""
    lat, lon = float(port["Latitude"]), float(port["Longitude"])
    north = (lat - fleet.TERMINAL["lat"]) * 111.2
    east = (lon - fleet.TERMINAL["lon"]) * 111.2 * math.cos(math.radians(lat))
    return math.hypot(north, east)


# -- what is said of it -------------------------------------------------------------------------------


def test_every_synthetic_record_says_so_in_its_title_and_its_notes() -> None:
    for body in synthetic_bodies():
        assert "SYNTHETIC" in body["title"]
        assert "SYNTHETIC" in body["collection"]["notes"]
        assert "synthetic" in body["tags"]
        assert body["source"]["publisher"] == "synthetic"
        if body["kind"] == "sighting":
            assert "SYNTHETIC" in body["subject"]["notes"]


def test_no_record_has_a_number_that_could_be_that_of_a_real_ship() -> None:
    for body in [*synthetic_bodies(), *statements.statements()]:
        assert not {"imo", "mmsi", "call_sign"} & set(body.get("subject", {}))
        # IMO numbers have seven digits and MMSIs nine.
        assert not re.search(r"(?<!\d)(\d{7}|\d{9})(?!\d)", json.dumps(body))


def test_every_ship_of_the_fleet_has_a_name_that_no_real_ship_bears() -> None:
    assert all(ship.name.startswith("Sample Tanker ") for ship in fleet.fleet())


def test_every_statement_names_its_chain_from_who_said_it_to_who_published_it() -> None:
    for body in statements.statements():
        roles = [link["role"] for link in body["attribution"]]
        assert roles[0] == "said"
        assert roles[-1] == "published"
        assert all(role == "relayed" for role in roles[1:-1])
        assert all(link["name"] for link in body["attribution"])
        assert body["speaker"].get("name") or body["speaker"].get("role")
        assert body["source"]["name"]
        assert body["collection"]["method"]


def test_every_statement_is_a_paraphrase_without_quotation_or_made_up_address() -> None:
    for body in statements.statements():
        assert body["text"].startswith("Paraphrase, not a quotation.")
        assert not re.search('["“”„«»]', body["text"])
        assert "://" not in json.dumps(body)


def test_the_statements_hold_the_public_facts() -> None:
    text = " ".join(body["text"] for body in statements.statements())
    for fact in ("43 times", "about a dozen", "more than a million barrels", "500,000", "13,000", "12,000"):
        assert fact in text


def test_every_time_is_edtf_and_a_statement_of_the_report_claims_no_day() -> None:
    for body in [*synthetic_bodies(), *statements.statements()]:
        for text in (body.get("when"), body.get("stated_at"), body["source"].get("published_at")):
            if text:
                parse(text)
        if body["source"]["name"] == statements.REPORT:
            assert body["stated_at"].startswith("2024-11")
            assert len(body["stated_at"].rstrip("?")) == len("2024-11")


# -- the pictures -------------------------------------------------------------------------------------


def test_the_pictures_are_the_same_bytes_each_time() -> None:
    first = [hashlib.sha256(scene.data).hexdigest() for scene in pictures.scenes()]
    again = [hashlib.sha256(scene.data).hexdigest() for scene in pictures.scenes.__wrapped__()]
    assert first == again
    assert len(set(first)) == len(first) == 8


def test_the_fleet_is_the_same_each_time() -> None:
    calls = fleet.port_calls()
    fleet.fleet.cache_clear()
    assert fleet.port_calls.__wrapped__() == calls


def test_one_picture_has_a_time_inside_that_contradicts_its_submitter() -> None:
    contradicting = []
    for scene in pictures.scenes():
        with Image.open(BytesIO(scene.data)) as picture:
            exif = picture.getexif()
        taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        if scene.name == pictures.COPY:
            assert taken is None
            continue
        latitude = exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude]
        assert sum(float(part) / 60**n for n, part in enumerate(latitude)) == pytest.approx(42.74)
        if taken[:16].replace(":", "-", 2).replace(" ", "T") + "Z" != scene.body["when"]:
            contradicting.append(scene)
    assert [scene.name for scene in contradicting] == [pictures.WRONG_CLOCK]
    assert "On purpose" in contradicting[0].body["collection"]["notes"]


# -- loading ------------------------------------------------------------------------------------------


def sample(**options: bool) -> str:
    out = StringIO()
    call_command("sample", stdout=out, **options)
    return out.getvalue()


def passwords_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"^ {2}(lead|reviewer|viewer) +(\S+)$", text, re.MULTILINE))


@pytest.fixture
def loaded(db: None) -> Case:
    sample()
    return Case.objects.get(title=load.TITLE)


def state(case: Case, external_id: str) -> ItemState:
    return ItemState.objects.now().get(case=case, external_id=external_id)


def test_the_loaded_case_has_its_team_its_evidence_and_a_chain_that_holds(loaded: Case) -> None:
    assert dict(Member.objects.filter(case=loaded).values_list("user__username", "role")) == {
        "lead": "owner",
        "reviewer": "reviewer",
        "viewer": "viewer",
    }
    items = ItemState.objects.now().filter(case=loaded)
    assert items.filter(kind="image").count() == 8
    assert items.filter(kind="statement").count() == len(statements.statements())
    assert items.filter(kind="sighting").count() == len(sightings()) + 1
    assert all(store.exists(sha256) for sha256 in items.exclude(sha256="").values_list("sha256", flat=True))
    assert not items.filter(flagged=True).exists()
    assert verify(stream=loaded.pk).faults == []


def test_the_loaded_case_shows_a_correction_and_a_retraction_with_their_reasons(loaded: Case) -> None:
    slip = fleet.port_calls()[load.SLIP_CALL - 1]
    corrected = state(loaded, fleet.key(slip, fleet.DEPARTURE))
    assert corrected.state["said"]["draught_m"] == slip.departure_draught_m
    assert corrected.state["corrected"] == ["draught_m"]
    [retracted] = ItemState.objects.now().filter(case=loaded, status="retracted")
    assert "Entered twice" in retracted.state["retracted_because"]


def test_the_evidence_that_stands_in_the_loaded_case_comes_to_the_same_totals(loaded: Case) -> None:
    said = {
        row.external_id: row.state["said"]
        for row in ItemState.objects.now().filter(case=loaded, kind="sighting", status="submitted")
    }
    pairs = [
        (said[fleet.key(call, fleet.ARRIVAL)], said[fleet.key(call, fleet.DEPARTURE)]) for call in fleet.port_calls()
    ]
    assert sum(body["activity"] == fleet.ARRIVAL for body in said.values()) == 43
    assert sum(body["activity"] == fleet.DEPARTURE for body in said.values()) == 43
    assert barrels(pairs) == pytest.approx(fleet.PARAMETERS.barrels, rel=0.01)


def test_the_findings_of_the_loaded_case_are_computed_from_its_evidence(loaded: Case) -> None:
    found = {row.rule: row.state["computed"]["result"] for row in Finding.objects.filter(case=loaded)}
    assert found["distinct"]["value"] == 12
    assert found["port-calls"]["value"] == 43
    silences = sightings(fleet.SILENT)
    assert found["dark-periods"]["value"] == len(silences) > 20
    assert (found["origins"]["value"], found["origins"]["high"]) == (1, 2)
    assert found["cargo"]["value"] == pytest.approx(fleet.PARAMETERS.barrels, rel=0.01)
    assert 1_000_000 < found["cargo"]["low"] < found["cargo"]["value"] < found["cargo"]["high"]
    assert found["ratio"]["value"] == pytest.approx(found["cargo"]["value"] / BARREL_CAP)
    assert found["ratio"]["low"] > 2
    assert not Finding.objects.filter(stale=True).exists()
    checks = [step for step in Computation.objects.get(rule="cargo").steps if step.get("about") == "check"]
    low, high = (step["value"] for step in checks)
    assert low == pytest.approx(found["cargo"]["low"], rel=0.02)
    assert high == pytest.approx(found["cargo"]["high"], rel=0.02)


def test_an_outsider_computes_the_findings_of_the_loaded_case_again(log_folder: Path, tmp_path: Path, db: None) -> None:
    keys.make("waterline.example/sample")
    sample()
    case = Case.objects.get(title=load.TITLE)
    write_bundle(case.pk, out=tmp_path / "sample.zip", by=Actor.worker("export", 1))
    report = verify_bundle(str(tmp_path / "sample.zip"), str(keys.load().verifier))
    assert (report.fails, report.warns) == ([], [])
    said = [each for each in report.holds if "the same as the evidence gives" in each]
    assert len(said) == Finding.objects.filter(case=case).count()
    assert any("'The tankers docked there 43 times.': 43 port calls (43 to 43)" in each for each in said)
    [drawn] = [each for each in report.unchecked if "finding" in each]
    assert "its ends to first order were compared" in drawn


def test_a_correction_under_the_loaded_findings_reaches_the_published_ratio(loaded: Case) -> None:
    call = fleet.port_calls()[4]
    item = state(loaded, fleet.key(call, fleet.DEPARTURE)).item
    changes = {"draught_m": round(call.departure_draught_m - 1, 2)}
    evidence.correct(case_id=loaded.pk, item=item, changes=changes, reason="x", by=Actor.person(_lead()))
    stale = set(Finding.objects.filter(case=loaded, stale=True).values_list("rule", flat=True))
    assert stale == {"cargo", "ratio"}


def _lead() -> Any:
    return get_user_model().objects.get(username="lead").pk


def test_a_sighting_stands_on_the_picture_that_shows_it(loaded: Case) -> None:
    for (number, activity), name in fleet.SCENES.items():
        sighting = state(loaded, fleet.key(fleet.port_calls()[number - 1], activity))
        assert sighting.state["said"]["basis"] == [str(state(loaded, f"sample/{name}").item)]


def test_the_loaded_case_has_links_of_every_kind_grades_and_comments(loaded: Case) -> None:
    relations = set(Link.objects.filter(case=loaded).values_list("relation", flat=True))
    assert relations >= {"supports", "contradicts", "depicts", "same_as", "derived_from"}
    assert state(loaded, statements.CAP).reliability == "A"
    assert Comment.objects.filter(case=loaded, item=None).exists()
    assert Comment.objects.filter(case=loaded).exclude(item=None).count() >= 3


def test_loading_again_adds_nothing_and_shows_no_password(db: None) -> None:
    assert set(passwords_in(sample())) == {"lead", "reviewer", "viewer"}
    events = Event.objects.count()
    again = sample()
    assert Event.objects.count() == events
    assert "is there already" in again
    assert "not shown again" in again
    assert not passwords_in(again)
    assert sample(quiet=True) == ""


def test_the_shown_passwords_open_the_accounts_and_a_reset_shows_others(db: None) -> None:
    first = passwords_in(sample(quiet=True))
    second = passwords_in(sample(reset_passwords=True))
    assert set(first) == set(second) == {"lead", "reviewer", "viewer"}
    for name, password in second.items():
        user = get_user_model().objects.get(username=name)
        assert user.check_password(password)
        assert not user.check_password(first[name])


def test_no_sample_account_is_a_superuser_and_each_may_open_the_pages(db: None) -> None:
    sample()
    people = get_user_model().objects.filter(username__in=["lead", "reviewer", "viewer"])
    assert sorted(people.values_list("is_staff", "is_superuser")) == [(True, False)] * 3


def test_an_account_that_was_there_keeps_its_password(db: None) -> None:
    get_user_model().objects.create_user(username="lead", password="her own")
    assert set(passwords_in(sample())) == {"reviewer", "viewer"}
    assert get_user_model().objects.get(username="lead").check_password("her own")
