"""What was publicly said about the case, in November 2024 and before, as evidence bodies of the API.

Every text is a paraphrase in our own words and says so; nothing is quoted, no address is made up, and people
are called by their office. Times are as precise as what is known.
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

PARAPHRASE = "Paraphrase, not a quotation. "
REPORT = "News report of November 2024"
NOVEMBER = "2024-11"
IN_OR_BEFORE_NOVEMBER = "2024-11?"
"""Repeated by a report of that month; when it was first said is not known, so the month is uncertain."""

OSC = "Open Source Centre (OSC), United Kingdom"
VOSTOCHNY = {"name": "Vostochny Port, Russia", "lat": 42.75, "lon": 133.083333, "radius_m": 5000.0}
KURSK = {"name": "Kursk region, Russia", "lat": 51.73, "lon": 36.19, "radius_m": 120_000.0}

DOCKINGS = "sample/statement/dockings"
TRACKERS = "sample/statement/trackers"
VOLUME = "sample/statement/volume"
CAP = "sample/statement/cap"
AIR_DEFENCE = "sample/statement/air-defence"
CORROBORATED = "sample/statement/air-defence-corroborated"
CONTAINERS = "sample/statement/containers"
GENERAL = "sample/statement/general"
TROOPS = "sample/statement/troops"


def statements() -> list[Body]:
    """Make the statements, each with its source, its speaker and its chain of attribution."""
    return [*_about_the_oil(), *_about_the_arms(), *_about_the_troops()]


def _about_the_oil() -> list[Body]:
    said, published = (OSC, "said"), ("BBC", "published")
    return [
        _statement(
            key=DOCKINGS,
            title="OSC: about a dozen tankers docked 43 times since March 2024",
            text="Satellite images show about a dozen different North Korean tankers docking 43 times since "
            "March 2024 at oil terminals of Vostochny Port, in Russia's far east.",
            speaker={"name": OSC, "role": "research organisation"},
            chain=[said, published],
            when="2024-03/2024-11",
            place=VOSTOCHNY,
            tags=["oil", "port calls"],
        ),
        _statement(
            key=TRACKERS,
            title="OSC: the tankers switch off their trackers on the way",
            text="On their way to load, and on the way back, the tankers switch off the trackers (AIS) by "
            "which other ships and the public could follow them.",
            speaker={"name": OSC, "role": "research organisation"},
            chain=[said, published],
            when="2024-03/2024-11",
            tags=["oil", "trackers"],
        ),
        _statement(
            key=VOLUME,
            title="OSC researcher: more than a million barrels, judging from the waterline",
            text="How low the tankers sat in the water after loading points to more than a million barrels "
            "of oil so far, from March to November 2024.",
            speaker={"role": "researcher at the Open Source Centre"},
            chain=[("A researcher of the " + OSC, "said"), (OSC, "relayed"), published],
            when="2024-03/2024-11",
            place=VOSTOCHNY,
            tags=["oil", "volume"],
            notes="The researcher speaks for the organisation: one origin. The name is left out here.",
        ),
        _statement(
            key=CAP,
            title="UN Security Council: no more than 500,000 barrels of refined oil a year",
            text="Member states may supply North Korea with no more than 500,000 barrels of refined "
            "petroleum products, all of them together, in any one year (resolution 2397 of 2017).",
            speaker={"name": "United Nations Security Council", "role": "author of the resolution"},
            chain=[("United Nations Security Council", "said"), ("United Nations", "published")],
            stated_at="2017-12-22",
            when="2018-01-01/..",
            source="Resolution 2397 (2017) of the UN Security Council",
            kind="official document",
            tags=["oil", "sanctions"],
            method="known from a public document; written down in our own words",
            notes="The cap holds for twelve months from 1 January of each year, from 2018 on.",
        ),
    ]


def _about_the_arms() -> list[Body]:
    published = (REPORT, "published")
    return [
        _statement(
            key=AIR_DEFENCE,
            title="Seoul's top security adviser: Russia delivered air defence equipment",
            text="Russia has delivered air defence equipment to North Korea.",
            speaker={"role": "top security adviser of the South Korean government"},
            chain=[("South Korea's top security adviser", "said"), ("SBS", "relayed"), published],
            tags=["arms", "air defence"],
            notes="Said to the broadcaster SBS, and carried by the report.",
        ),
        _statement(
            key=CORROBORATED,
            title="According to the report, Western intelligence corroborates the air defence delivery",
            text="Western intelligence corroborates that air defence equipment was delivered.",
            speaker={"role": "Western intelligence, not named", "anonymous": True},
            chain=[("Western intelligence, not named", "said"), published],
            tags=["arms", "air defence"],
            notes="Which service, and how it knows, is not said: nobody can judge whether it is independent.",
        ),
        _statement(
            key=CONTAINERS,
            title="Seoul: more than 13,000 containers of arms since August 2023",
            text="North Korea has shipped more than 13,000 containers of arms to Russia since August 2023.",
            speaker={"name": "Government of South Korea", "role": "government"},
            chain=[("Government of South Korea", "said"), published],
            stated_at=IN_OR_BEFORE_NOVEMBER,
            when="2023-08/2024-11",
            tags=["arms"],
        ),
    ]


def _about_the_troops() -> list[Body]:
    published = (REPORT, "published")
    return [
        _statement(
            key=GENERAL,
            title="Unnamed Western officials: a North Korean general was wounded",
            text="A high-ranking North Korean general was wounded.",
            speaker={"role": "Western officials, not named", "anonymous": True},
            chain=[("Western officials, not named", "said"), ("A US newspaper", "relayed"), published],
            when=IN_OR_BEFORE_NOVEMBER,
            tags=["troops"],
        ),
        _statement(
            key=TROOPS,
            title="Estimates: 12,000 North Korean troops in Kursk",
            text="About 12,000 North Korean troops are estimated to be in the Russian region of Kursk.",
            speaker={"role": "authors of the estimates, not named", "anonymous": True},
            chain=[("Authors of the estimates, not named", "said"), published],
            stated_at=IN_OR_BEFORE_NOVEMBER,
            when=IN_OR_BEFORE_NOVEMBER,
            place=KURSK,
            tags=["troops"],
        ),
    ]


def _statement(
    *,
    key: str,
    title: str,
    text: str,
    speaker: Body,
    chain: list[tuple[str, str]],
    tags: list[str],
    when: str = "",
    stated_at: str = NOVEMBER,
    place: Body | None = None,
    source: str = REPORT,
    kind: str = "news report",
    method: str = "read in a news report; written down in our own words",
    notes: str = "",
) -> Body:
    body: Body = {
        "kind": "statement",
        "title": title,
        "text": PARAPHRASE + text,
        "language": "en",
        "speaker": speaker,
        "attribution": [{"name": name, "role": role} for name, role in chain],
        "stated_at": stated_at,
        "source": {"name": source, "kind": kind, "publisher": chain[-1][0], "published_at": stated_at[:7]},
        "collection": {
            "by": "Waterline sample",
            "method": method,
            "notes": f"A public statement, paraphrased. {notes}".strip(),
        },
        "tags": ["public statement", *tags],
        "sensitivity": "clear",
        "external_id": key,
    }
    return body | ({"when": when} if when else {}) | ({"place": place} if place else {})
