"""Which language a text is in: a guess, with what it rests on. Pure but for the model's file.

Three judges, in this order: the script, where one language alone is written in it; common words of languages that
the statistical model lacks or mistakes for a neighbour; then the model (py3langid, naive Bayes over byte n-grams).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

SAMPLE = 20_000
"""How many characters the language is judged by."""

# By the first word of a letter's Unicode name: the script (ISO 15924), and its language where it has only one.
_SCRIPTS = {
    "LATIN": ("Latn", ""), "CYRILLIC": ("Cyrl", ""), "ARABIC": ("Arab", ""), "HEBREW": ("Hebr", ""),
    "DEVANAGARI": ("Deva", ""), "BENGALI": ("Beng", ""), "ETHIOPIC": ("Ethi", ""), "MYANMAR": ("Mymr", ""),
    "TIBETAN": ("Tibt", ""), "GREEK": ("Grek", ""), "HANGUL": ("Hang", "ko"), "CJK": ("Hani", ""),
    "HIRAGANA": ("Jpan", "ja"), "KATAKANA": ("Jpan", "ja"), "ARMENIAN": ("Armn", "hy"), "GEORGIAN": ("Geor", "ka"),
    "THAI": ("Thai", "th"), "LAO": ("Laoo", "lo"), "KHMER": ("Khmr", "km"), "SINHALA": ("Sinh", "si"),
    "GURMUKHI": ("Guru", "pa"), "GUJARATI": ("Gujr", "gu"), "ORIYA": ("Orya", "or"), "TAMIL": ("Taml", "ta"),
    "TELUGU": ("Telu", "te"), "KANNADA": ("Knda", "kn"), "MALAYALAM": ("Mlym", "ml"), "CHEROKEE": ("Cher", "chr"),
    "THAANA": ("Thaa", "dv"), "SYRIAC": ("Syrc", "syr"), "LIMBU": ("Limb", "lif"), "TAGALOG": ("Tglg", "tl"),
    "CANADIAN": ("Cans", "iu"),
}  # fmt: skip

# Frequent signs that exist in one form of Chinese writing alone.
_SIMPLIFIED = frozenset(
    "这们来时会个说对为国发经学业产么动还无过进电开门问间见现长员请认证书报务户变单张东车马总给应样与关将买卖"
)
_TRADITIONAL = frozenset(
    "這們來時會個說對為國發經學業產麼動還無過進電開門問間見現長員請認證書報務戶變單張東車馬總給應樣與關將買賣"
)
_CANTONESE = frozenset("嘅咗喺冇唔啲嘢佢哋嗰咁乜嚟嘥啦噉")

# Common words that a language has and the one it is mistaken for has not.
_LACKING = {
    ("Latn", "ceb"): "ug nga kini kaniadto dili niini gikan iyang mao sulod tanan ngadto ania unsa",
    ("Latn", "hmn"): "kuv koj nws peb lawv tsis yuav thiab cov nyob ntawm lub uas muaj txoj kev txawm tseem",
    ("Latn", "ny"): "ndi kuti ndipo lomwe chomwe zomwe amene monga pamene koma munthu anthu zonse ayenera",
    ("Latn", "su"): "jeung keur teu anu pikeun dina kana sanajan sareng ieu éta urang henteu atawa lian",
    ("Cyrl", "ro"): "ши ла ын ку есте сынт дин каре пе ал пентру сау прин фи ачест",
    ("Deva", "bho"): "बा बाटे कवनो एह ओह भइल गइल कइल रहल जवना लोगन खातिर नइखे बिया रउआ आपन होखे अउर सभे पऽ तऽ दीहल",
    ("Hebr", "yi"): "און איז דער דאס דאָס פון פֿון מיט אויף ער זיך האט האָט וואס וואָס נישט אַ",
}  # fmt: skip
_LACKING_WORDS = {key: frozenset(words.split()) for key, words in _LACKING.items()}
_FEWEST, _SHARE = 3, 0.1
"""How many of its words, and what part of all, a text must have to be in a language that the model lacks."""

# Neighbours that the model confuses: whoever has more of its own words wins; nobody, and the model's guess stays.
_NEIGHBOURS = (
    {
        "hr": "krist krista kojega tko netko nitko tisuća tisuće tijekom povijest povijesti europa europe europi uvjet "
        "glede sveučilište glazba siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada "
        "studenoga prosinca općina vlak točka zrak svatko",
        "bs": "hrist hrista historija historije historiji evropa evrope evropi hiljada hiljade sedmica sedmice općina "
        "januara februara marta aprila maja juna jula augusta septembra oktobra novembra decembra univerzitet "
        "kahva lahko mehko svako neko niko takođe također",
        "sr": "vreme vremena mesto mesta mestu deo delo pre posle gde ovde čovek čoveka dete deteta mleko svet sveta "
        "svetu reč reči uvek belo bela beli cena celo cela lepo leto obezbeđen obezbeđeno bezbednost razume primer "
        "zahtev poseban videti voleti živeti hteo hteli istorija evropa hiljada univerzitet ko neko niko svako",
    },
    {
        "id": "karena bahwa adalah yaitu bisa berbagai mobil polisi perusahaan universitas uang kantor kota pemerintah "
        "saat tahu sapi rumit agustus maret juli beda maupun tersebut situs web dengan mereka",
        "ms": "kerana bahawa ialah iaitu boleh pelbagai kereta polis syarikat universiti wang pejabat bandar kerajaan "
        "semasa tauhu lembu ogos mac julai berbeza mahupun laman sesawang daripada gelintar hendaklah sahaja",
    },
)  # fmt: skip
_NEIGHBOUR_WORDS = tuple({code: frozenset(words.split()) for code, words in each.items()} for each in _NEIGHBOURS)
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0591-\u05c7\u0900-\u0903\u093a-\u094f]+[^\W\d_]*)*")


@dataclass(frozen=True, kw_only=True)
class Language:
    """An ISO 639 code and an ISO 15924 script, and what they rest on: `script`, `words` or `model`.

    `confidence` is the model's own (0 to 1) where the model decided. All is empty for a text without letters.
    """

    code: str
    script: str
    confidence: float | None
    by: str


def language(text: str) -> Language:
    """Guess the language of a text by its first 20,000 characters."""
    sample = text[:SAMPLE]
    script, only = _script(sample)
    if not script:
        return Language(code="", script="", confidence=None, by="")
    if only:
        return Language(code=only, script=script, confidence=None, by="script")
    words = Counter(_WORD.findall(sample.lower()))
    if lacking := _lacking(words, script):
        return Language(code=lacking, script=script, confidence=None, by="words")
    code, confidence = load_model().classify(sample)
    if better := _neighbour(code, words, sample):
        return Language(code=better, script=script, confidence=None, by="words")
    return Language(code=code, script=script, confidence=round(float(confidence), 3), by="model")


def _script(text: str) -> tuple[str, str]:
    """Find the script that most letters are of, and the language if it has only one."""
    letters = Counter(letter for letter in text if letter.isalpha())
    scripts: Counter[str] = Counter()
    for letter, times in letters.items():
        scripts[unicodedata.name(letter, "").partition(" ")[0]] += times
    if not scripts:
        return "", ""
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > scripts["CJK"] / 20 and scripts["CJK"] > scripts["LATIN"]:
        return "Jpan", "ja"
    script, only = _SCRIPTS.get(scripts.most_common(1)[0][0], ("Zyyy", ""))
    if script == "Hani":
        simplified = sum(letters[sign] for sign in _SIMPLIFIED - _TRADITIONAL)
        traditional = sum(letters[sign] for sign in _TRADITIONAL - _SIMPLIFIED)
        script = "Hans" if simplified > traditional else "Hant" if traditional else "Hani"
    return script, only


def _lacking(words: Counter[str], script: str) -> str:
    all_words = words.total()
    for (written_in, code), known in _LACKING_WORDS.items():
        if written_in != script:
            continue
        hits = sum(words[word] for word in known)
        # Two different ones: a name that is repeated is no sentence.
        if hits >= max(_FEWEST, _SHARE * all_words) and sum(1 for word in known if word in words) > 1:
            return code
    return ""


def _neighbour(code: str, words: Counter[str], text: str) -> str:
    if code == "yue":
        return "" if _CANTONESE & set(text) else "zh"
    for group in _NEIGHBOUR_WORDS:
        if code in group:
            hits = {each: sum(words[word] for word in known) for each, known in group.items()}
            best, *others = sorted(group, key=lambda each: hits[each], reverse=True)
            return best if best != code and hits[best] > hits[others[0]] else ""
    return ""


@cache
def load_model() -> LanguageIdentifier:
    """Read the statistical model, once in a process: it takes half a second."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
