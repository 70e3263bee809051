"""What is counted and measured in statements about shipments and forces: the words for it, to one name each. Pure."""

from __future__ import annotations

# Russian by the beginning of a word, for its endings; in other languages whole words.
_WORDS = {
    "barrel": "barrel barrels bbl bbls",
    "t": "tonne tonnes mt",
    "ton, metric or short": "ton tons",
    "t deadweight": "dwt",
    "container": "container containers",
    "TEU": "teu teus дфэ",
    "person": "troops soldiers servicemen fighters personnel conscripts mercenaries marines",
    "shell": "shell shells rounds",
    "missile": "missile missiles rockets",
    "ship": "ship ships vessel vessels tanker tankers boat boats freighter freighters",
    "call or time": "times calls visits voyages trips port-calls",
    "km": "km kilometre kilometres kilometer kilometers км",
    "nautical mile": "nm nmi",
    "mile": "mile miles",
    "m": "metre metres meter meters",
    "knot": "kn knot knots",
    "%": "% percent",
    "dollar": "dollar dollars usd",
    "euro": "euro euros eur",
    "pound": "pounds gbp",
    "rouble": "rouble roubles ruble rubles rub руб",
    "won": "won krw",
    "yuan": "yuan renminbi rmb cny",
    "litre": "litre litres liter liters",
    "kg": "kg kilogram kilograms кг",
    "wagon": "wagon wagons railcar railcars",
    "crate": "crate crates",
}
_BEGINNINGS = {
    "barrel": "баррел",
    "t": "тонн",
    "container": "контейнер",
    "person": "солдат военнослужащ бойц боец",
    "shell": "снаряд",
    "missile": "ракет",
    "ship": "судов суда судно корабл танкер",
    "call or time": "раз рейс заход",
    "km": "километр",
    "nautical mile": "мил",
    "knot": "узл",
    "%": "процент",
    "dollar": "доллар",
    "euro": "евро",
    "rouble": "рубл",
    "won": "вон",
    "yuan": "юан",
    "litre": "литр",
    "wagon": "вагон",
    "crate": "ящик",
}
# "раз", "вон", "мил" begin many other words.
_WHOLE = {"раз": {"раз", "раза"}, "вон": {"вон", "воны"}, "мил": {"миль", "мили", "миля"}, "ракет": None}

SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "₽": "rouble", "₩": "won", "¥": "yen or yuan", "%": "%"}
BEFORE = frozenset("$€£₽₩¥")
"""Signs that stand before their number."""

COUNTED = frozenset({"container", "person", "shell", "missile", "ship", "wagon", "crate", "call or time"})
"""Things, between which and their number other words may stand: 43 North Korean soldiers."""

_BY_WORD = {word: unit for unit, words in _WORDS.items() for word in words.split()}
_BY_BEGINNING = [(stem, unit) for unit, stems in _BEGINNINGS.items() for stem in stems.split()]

# Chinese, Japanese and Korean: behind the number, with the counting words that may stand between.
EASTERN = {
    "barrel": "배럴 桶 バレル",
    "t": "톤 吨 公吨 トン 噸",
    "container": "컨테이너 集装箱 货柜 コンテナ",
    "TEU": "标准箱",
    "person": "병력 군인 병사 士兵 军人 官兵 兵士 部队",
    "shell": "포탄 炮弹 砲弾",
    "missile": "미사일 导弹 ミサイル",
    "ship": "척 艘 隻",
    "call or time": "차례 회 번 次 回",
    "km": "킬로미터 公里 千米 キロメートル",
    "%": "퍼센트 프로 パーセント",
    "dollar": "달러 美元 ドル",
    "euro": "유로 欧元 ユーロ",
    "rouble": "루블 卢布",
    "won": "원 韩元",
    "yuan": "위안 元 人民币",
    "litre": "리터 升",
    "kg": "킬로그램 公斤 千克",
}
# Counting words that tell the thing only with its name before the number: 포탄 800만 발.
COUNTERS = {"명": "person", "발": "shell", "기": "missile", "대": "container"}
_NAMES = {"명": "병력|군인|병사|장병", "발": "포탄|탄약", "기": "미사일", "대": "컨테이너"}
COUNTERS_NEED = {counter: rf"(?:{names})\S{{0,2}}\s?$" for counter, names in _NAMES.items()}

_EASTERN_UNITS = {word: unit for unit, words in EASTERN.items() for word in words.split()}


def unit_of(word: str) -> str | None:
    """Name the unit that a word stands for."""
    word = word.lower()
    if unit := _BY_WORD.get(word):
        return unit
    if word[:1] < "а" or word[:1] > "я":
        return SIGNS.get(word)
    for stem, unit in _BY_BEGINNING:
        if word.startswith(stem):
            whole = _WHOLE.get(stem)
            return unit if whole is None or word in whole else None
    return None


def eastern_unit(word: str) -> str:
    """Name the unit that one of the words of `EASTERN` stands for."""
    return _EASTERN_UNITS[word]
