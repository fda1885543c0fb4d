"""Words that say what kind of event a text tells of, on which day, and in what numbers; in the languages of the feeds.

Stems are folded (lower case, no marks) and stand for every word that begins with them. They are evidence, never proof.
"""

from __future__ import annotations

from datetime import date, timedelta

from bot.text.fold import fold_key

# An event's kind → stems. Prefixes that Arabic joins to a word are listed where they are usual.
_EVENTS = {
    "air": """
        strike strikes struck airstrike airstrikes warplane warplanes jet jets bombed bombing bombard frappe
        frappes غاره غارات الغاره طيران الطيران قصف авиаудар авиабомб бомбардиров авіабомб авіаудар
        bombardeo bombardeó bombardea bombardement جنگنده هوايي glide
    """,
    "drone": "drone drones مسيره مسيرات المسيرات дрон беспилотн безпілотн dron iha siha پهپاد uav debris",
    "shell": """
        shell shells shelled shelling artillery mortar mortars rocket rockets missile missiles обстрел
        обстріл ракет misil misiles roquette صاروخ صواريخ قذائف هاون fuze roket top artiller
    """,
    "bomb": """
        bomb bomber blast explosion exploded explosive explodes blew bombing derail landmine mine mines
        suicide взрыв взорван вибух انفجار تفجير مفخخه عبوه kamikaze carro bomba patlama mina attentat
    """,
    "gun": """
        gunmen gunman gunned shot shooting gunfire gunfight ambush ambushed sniper assassinated machete
        machetes hacked raid raided stormed clash clashes fighting assault attack attacked attacks attaque
        attaques ataque atacaron atacan atacam balacera enfrentamiento стрельб атак هجوم هاجم اشتباكات مسلح
        مسلحون مسلحين saldiri fusillade حمله مسلحانه
    """,
    "seize": """
        seize seized seizes capture captured captures retake retook retakes overrun overran withdraw
        withdrew withdraws withdrawal pulls pulled took takes enters entered fell handover reprennent repris
        retoma захват взял سيطر سيطره
    """,
    "court": """
        court sentence sentenced sentences trial convicted verdict hanged executed hangs execution مشنق محكم
        суд condamn tribunal
    """,
    "arrest": """
        arrest arrested arrests detain detained detains detention held arrestation detenu detiene detuvo
        detenido اعتقال اعتقل задержа gozalti plot foil
    """,
    "kidnap": """
        kidnap kidnapped kidnaps abduct abducted abducts hostage hostages taken seized secuestr enleve
        enlevement اختطف اختطاف خطف похищ kacir
    """,
    "release": """
        release released releases free frees freed swap swaps exchange liber libera libero اطلاق تبادل обмен
        освобо prisoners
    """,
    "talks": """
        talks negotiat negotiations negotiators truce ceasefire agreement agree agreed accord deal protocol
        sign signs signed mediators met meet meeting delegation envoy dialogue محادثات مفاوضات هدنه اتفاق
        переговор перегов перемир pourparlers negociation negociaciones acuerdo tregua gorusme anlas mzakere
    """,
    "protest": """
        protest protesters protests demonstrat demonstrators demonstrate march marched rally sit-in strike
        manifestation manifestan протест احتجاج متظاهر تظاهر
    """,
    "aid": """
        aid convoy convoys humanitarian food flour famine hunger hungry hambre aide humanitaire مساعدات
        гуманитар lorries
    """,
    "disease": "cholera ebola measles outbreak disease epidemic كوليرا холер colera",
    "disaster": """
        earthquake quake flood floods flash magnitude avalanche drought storm terremoto sismo seisme
        tremblement deprem زلزال فيضان землетряс повен
    """,
    "accident": "overturned capsized capsizes crash crashed sank sinks boat accident naufrage accidente غرق",
    "fire": "fire blaze burned burns burn incendio incendie пожар загор حريق yangin yandi brand feuer",
    "power": "electricity power grid substation blackout darkness energ электр енерг كهرباء electrique light luz",
    "ship": "tanker ship cargo carrier vessel coastguard танкер ناقله buque petrolero navire",
    "return": "return returned returns displaced camps refugees deplaces desplazad نازحين نازح",
    "politics": """
        election elections parliament cabinet vote voted council sanctions appoint appointed sanciones
        انتخابات برلمان выбор seçim visit visits visited minister debates
    """,
    "trade": """
        contract port oil gas pipeline shops market wages bank banks mine uranium dollars flights airport
        airline crossing border bridge
    """,
    "grave": "grave bodies remains forensic",
    "open": """
        reopen reopens reopened reopening opens opened rebuilt ouvre rouvre rouvrir rouvert reabre reabrio
        افتتاح اعاده فتح открыл відкри aciliyor shut shuts closed closes stranded
    """,
    "water": "water rationed rationing eau agua مياه вода",
    "count": "counts counted recorded detected downs downed bodies past hours",
}
# Weekdays, Monday first, and months, January first.
_WEEKDAYS = (
    "monday lundi lunes montag segunda понедельник понеділок понеділка الاثنين الإثنين دوشنبه pazartesi",
    "tuesday mardi martes dienstag terca вторник вівторок вівторка الثلاثاء سهشنبه sali",
    "wednesday mercredi miercoles mittwoch quarta среду среда середу середа الأربعاء الاربعاء چهارشنبه carsamba",
    "thursday jeudi jueves donnerstag quinta четверг четвер четверга الخميس پنجشنبه persembe",
    "friday vendredi viernes freitag sexta пятницу пятница п'ятницю الجمعة جمعه cuma",
    "saturday samedi sabado samstag sonnabend субботу суббота суботу السبت شنبه cumartesi",
    "sunday dimanche domingo sonntag воскресенье неділю неділя الأحد الاحد یکشنبه pazar",
)
_MONTHS = (
    "january janvier enero januar января січня يناير كانون ocak",
    "february fevrier febrero februar февраля лютого فبراير subat",
    "march mars marzo marz марта березня مارس mart",
    "april avril abril апреля квітня ابريل nisan",
    "may mai mayo мая травня مايو mayis",
    "june juin junio juni июня червня يونيو haziran",
    "july juillet julio juli июля липня يوليو temmuz",
    "august aout agosto августа серпня اغسطس agustos",
    "september septembre septiembre сентября вересня سبتمبر eylul",
    "october octobre octubre oktober октября жовтня اكتوبر ekim",
    "november novembre noviembre ноября листопада نوفمبر kasim",
    "december decembre diciembre dezember декабря грудня ديسمبر aralik",
)
_NUMBERS = {
    2: "two deux dos zwei dois два две двое двоих двох iki دو duas",
    3: "three trois tres drei три трое троих троє ثلاثه ثلاث uc سه",
    4: "four quatre cuatro vier quatro четыре четверо четверых чотири چهار اربعه dort",
    5: "five cinq cinco funf пять пятеро пятерых п'ять п'ятеро خمسه خمس bes پنج",
    6: "six seis sechs шесть шестеро шість سته ست alti شش",
    7: "seven sept siete sieben sete семь семеро сім سبعه سبع yedi هفت",
    8: "eight huit ocho acht oito восемь восьмеро вісім ثمانيه sekiz هشت",
    9: "nine neuf nueve neun nove девять девятеро تسعه dokuz نه",
    10: "ten dix diez zehn dez десять عشره ده",
    11: "eleven onze elf одиннадцать احد onbir یازده",
    12: "twelve douze doce zwolf двенадцать oniki دوازده",
    13: "thirteen treize trece dreizehn тринадцать سیزده",
    14: "fourteen quatorze catorce vierzehn четырнадцать چهارده",
    15: "fifteen quinze quince funfzehn пятнадцать پانزده",
    16: "sixteen seize dieciseis sechzehn шестнадцать",
    17: "seventeen diecisiete siebzehn семнадцать",
    18: "eighteen dieciocho achtzehn восемнадцать",
    19: "nineteen diecinueve neunzehn девятнадцать",
    20: "twenty vingt veinte zwanzig двадцать عشرون عشرين yirmi",
    30: "thirty trente treinta dreissig тридцать ثلاثون ثلاثين otuz",
    40: "forty quarante cuarenta vierzig сорок اربعون اربعين kirk",
    50: "fifty cinquante cincuenta funfzig пятьдесят خمسون خمسين elli",
    60: "sixty soixante sesenta sechzig шестьдесят ستون ستين altmis",
    70: "seventy setenta siebzig семьдесят سبعون سبعين",
    80: "eighty ochenta achtzig восемьдесят ثمانون ثمانين seksen",
    90: "ninety noventa neunzig девяносто تسعون تسعين doksan",
}
_DEAD = """
    kill dead death die dies died dying toll martyr slain drown lives muert mata mato mort mourir tue tuant
    погиб убит загин загибл вбит قتل قتلي مقتل قتيل استشهد شهيد شهداء كشته کشته olu oldu oldur getotet tote
"""
_PAST = "anniversary anniversaire aniversario годовщин річниц ذكري الذكري yildonumu سالگرد jahrestag commemorat"
_PAST_IN_TITLE = "remembers remembered remembering memorial decade decades marks mourned"
_ROUND_UP = (
    "round up", "roundup", "in brief", "this week", "weekly summary", "week in", "live the latest", "the latest from", "what happened on",
    "what we know", "at a glance", "daily summary", "key events", "news digest", "day in review", "in other news", "morning brief",
    "revue de presse", "en bref", "resumen", "главное за", "дайджест", "موجز", "حصاد",
)  # fmt: skip
_EMPTY = (
    "the and for that with from has have had was were are not but his her its their they them who which said says say will been after "
    "one over into this there than also when more about near out off her while where "
    "les des une dans pour par sur est ont aux avec qui que selon leur "
    "los las una del por con para que segun este esta fue "
    "der die das und von mit den dem ist ein eine auf nach "
    "что его как для при это или сообщил сообщили "
    "від про які його "
    "في من على عن الي التي الذي ان قال "
    "و در از به که را با ve bir ile icin"
)


# A few small words of each language: enough to tell languages of one script apart.
_SMALL = {
    "latin": {
        "en": "the of and in to was were said on at by",
        "fr": "le la les des du une dans et est sur par",
        "es": "el los las una por del en y que este",
        "pt": "os uma em na do da e que por",
        "de": "der die das und ist von im den am ein",
        "it": "il che di gli nel una della sono",
        "tr": "ve bir bu icin ile nde da",
    },
    "cyrillic": {"ru": "и в на что его по с", "uk": "і у та на що з до й"},
    "arabic": {"ar": "في من على عن الى التي", "fa": "و در از به که را شد"},
}


def _stems(words: str) -> frozenset[str]:
    return frozenset(folded for word in words.split() if (folded := fold_key(word)) and " " not in folded)


def _table(rows: tuple[str, ...]) -> dict[str, int]:
    return {stem: number for number, words in enumerate(rows) for stem in _stems(words)}


EVENT_BIT = {kind: 1 << number for number, kind in enumerate(_EVENTS)}
WEEKDAY = _table(_WEEKDAYS)
MONTH = _table(_MONTHS)
NUMBER = {stem: value for value, words in _NUMBERS.items() for stem in _stems(words)}
EMPTY = _stems(_EMPTY)
SMALL = {script: {name: _stems(words) for name, words in rows.items()} for script, rows in _SMALL.items()}
DEAD = tuple(sorted(_stems(_DEAD)))
PAST = tuple(sorted(_stems(_PAST)))
PAST_IN_TITLE = _stems(_PAST_IN_TITLE)
ROUND_UP = tuple(f" {fold_key(phrase)} " for phrase in _ROUND_UP)

_BY_STEM: dict[str, int] = {}
for _kind, _words in _EVENTS.items():
    for _stem in _stems(_words):
        _BY_STEM[_stem] = _BY_STEM.get(_stem, 0) | EVENT_BIT[_kind]
_LONGEST_STEM = max(map(len, _BY_STEM))
_JOINED = ("ال", "وال", "بال", "لل", "و", "ب")


def events_of(word: str) -> int:
    """The kinds of event that a folded word speaks of, as bits."""
    found = _BY_STEM.get(word)
    if found is not None:
        return found
    if word.isascii() and len(word) < 5:
        return 0
    for length in range(min(len(word), _LONGEST_STEM), 3, -1):
        found = _BY_STEM.get(word[:length])
        if found is not None:
            return found
    if word[0] >= "\u0600":
        for prefix in _JOINED:
            if word.startswith(prefix) and len(word) > len(prefix) + 2 and (found := _BY_STEM.get(word[len(prefix) :])):
                return found
    return 0


def event_names(bits: int) -> list[str]:
    return [kind for kind, bit in EVENT_BIT.items() if bits & bit]


def weekday_before(day: date, weekday: int) -> date:
    """The last such weekday up to a day, the day itself included."""
    return day - timedelta(days=(day.weekday() - weekday) % 7)
