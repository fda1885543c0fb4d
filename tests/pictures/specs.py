"""The pictures that are looked at: small and large, near and far, in good order and hostile."""

from __future__ import annotations

from datetime import date

from bot.cards.picture import ActivitySpec, Edge, MapPlace, MapSpec, NetworkSpec, Node, PictureSpec

IRAQ = MapSpec(
    (
        MapPlace("Baquba", 33.744, 44.644, 12, alert=True),
        MapPlace("Samarra", 34.198, 43.874, 7),
        MapPlace("Tikrit", 34.607, 43.678, 9),
        MapPlace("Mosul", 36.335, 43.119, 14),
        MapPlace("Baghdad", 33.325, 44.422, 10),
        MapPlace("Kirkuk", 35.468, 44.392, 3),
        MapPlace("Ramadi", 33.42, 43.308, 2),
        MapPlace("Jalawla", 34.27, 45.17, 4),
    ),
    "Iraq",
)
ONE = MapSpec((MapPlace("Samarra", 34.198, 43.874, 3, alert=True),), "Samarra", (34.198, 43.874), 50)
GAZA = MapSpec(
    (
        MapPlace("Gaza City", 31.501, 34.467, 20),
        MapPlace("Khan Yunis", 31.346, 34.303, 14, alert=True),
        MapPlace("Rafah", 31.297, 34.243, 11),
        MapPlace("Jabalia", 31.528, 34.483, 8),
        MapPlace("Deir al-Balah", 31.418, 34.35, 6),
        MapPlace("Beit Hanoun", 31.539, 34.536, 3),
    ),
    "Gaza Strip",
)
KABUL = MapSpec((MapPlace("Kabul", 34.528, 69.172, 5),), "Kabul")
FAR = MapSpec((MapPlace("Gaza City", 31.501, 34.467, 5), MapPlace("Kabul", 34.528, 69.172, 3, alert=True)))
_FORTY = """
Damascus 33.51 36.29 13|Aleppo 36.20 37.16 30|Homs 34.73 36.71 8|Hama 35.13 36.76 3|Latakia 35.52 35.79 2|Tartus 34.89 35.89 5
Raqqa 35.95 39.01 3|Deir ez-Zor 35.34 40.14 8|Palmyra 34.56 38.27 3|Daraa 32.62 36.10 1|Suwayda 32.71 36.57 5|Qamishli 37.05 41.22 8
Hasakah 36.50 40.75 2|Manbij 36.53 37.95 3|Idlib 35.93 36.63 21|Abu Kamal 34.45 40.92 3|Douma 33.57 36.40 5|Kobani 36.89 38.35 1
Mosul 36.34 43.12 14|Tikrit 34.61 43.68 9|Samarra 34.20 43.87 7|Baghdad 33.33 44.42 30|Baquba 33.74 44.64 12|Fallujah 33.35 43.78 4
Ramadi 33.42 43.31 2|Kirkuk 35.47 44.39 3|Erbil 36.19 44.01 2|Sulaymaniyah 35.56 45.44 5|Karbala 32.61 44.02 3|Najaf 32.00 44.34 5
Hilla 32.48 44.43 1|Kut 32.51 45.82 1|Diwaniyah 31.99 44.93 2|Samawah 31.33 45.28 2|Amarah 31.84 47.15 1|Basra 30.51 47.81 6
Nasiriyah 31.05 46.26 2|Beirut 33.89 35.50 9|Tripoli 34.44 35.83 3|Amman 31.95 35.93 2
"""
FORTY = MapSpec(
    tuple(
        MapPlace(name, float(lat), float(lon), int(weight), alert=name in ("Aleppo", "Baquba", "Fallujah"))
        for row in _FORTY.strip().splitlines()
        for name, lat, lon, weight in (item.rsplit(" ", 3) for item in row.split("|"))
    ),
    "Syria and Iraq",
)
DATE_LINE = MapSpec(
    (
        MapPlace("Anadyr", 64.73, 177.5, 3),
        MapPlace("Provideniya", 64.42, -173.2, 2),
        MapPlace("Egvekinot", 66.32, -179.12),
    ),
    "Chukotka",
)
WORLD = MapSpec(
    (
        MapPlace("Kyiv", 50.45, 30.52, 9),
        MapPlace("Khartoum", 15.5, 32.56, 5, alert=True),
        MapPlace("Port-au-Prince", 18.54, -72.34, 4),
        MapPlace("Manila", 14.6, 120.98, 2),
        MapPlace("Bogotá", 4.71, -74.07, 2),
    )
)
_DAYS = (1, 0, 2, 3, 1, 0, 0, 1, 2, 4, 2, 1, 0, 3, 2, 1, 1, 5, 2, 3, 1, 4, 6, 12, 19, 25, 14, 17)
ACTIVITY = ActivitySpec("Mentions of Baquba a day", date(2014, 5, 16), _DAYS, 3.2)
SPARK = ActivitySpec("Mentions a day", date(2014, 5, 16), _DAYS, 3.2, small=True)
NETWORK = NetworkSpec(
    (
        Node("Quds Force", "actor", 30),
        Node("Qasem Soleimani", "person", 22),
        Node("Baghdad", "place", 18),
        Node("Samarra", "place", 9),
        Node("Kataib Hezbollah", "actor", 12),
        Node("Asaib Ahl al-Haq", "actor", 10),
        Node("Nouri al-Maliki", "person", 8),
        Node("Islamic State of Iraq and the Levant", "actor", 20),
        Node("Baquba", "place", 6),
        Node("Badr Organisation", "actor", 7),
        Node("Hadi al-Amiri", "person", 5),
        Node("Mosul", "place", 11),
    ),
    (
        *(Edge(0, other, weight) for other, weight in zip(range(1, 10), (18, 12, 6, 9, 7, 3, 8, 2, 4), strict=True)),
        Edge(7, 11, 9),
        Edge(7, 8, 4),
        Edge(9, 10, 5),
        Edge(10, 8, 3),
        Edge(6, 2, 6),
    ),
)
GOLDEN: dict[str, PictureSpec] = {
    "iraq": IRAQ,
    "one": ONE,
    "gaza": GAZA,
    "kabul": KABUL,
    "far": FAR,
    "forty": FORTY,
    "activity": ACTIVITY,
    "spark": SPARK,
    "network": NETWORK,
}
HOSTILE_NAMES = (
    "$\\frac{1}{0}$ $x^2$",
    "two\nlines\tand\x07\x1b[31m controls",
    "z" + "\u0301" * 40,
    "A" * 10_000,
    "\u202egnp.exe",
    "بعقوبة",
    "北京 Пекин \U0001f4a3",
    "\u200d\u200c",
    "\ud800",
    "",
    "<!channel> @everyone {0} %s \\n",
)
HOSTILE_MAP = MapSpec(
    tuple(
        MapPlace(name, 33 + number * 0.3, 44 + number % 3 * 0.4, number) for number, name in enumerate(HOSTILE_NAMES)
    ),
    HOSTILE_NAMES[1],
)
HOSTILE_ACTIVITY = ActivitySpec("$\\frac$" + "W" * 10_000, date(2014, 6, 1), (3, -4, 10**15), -2.0)
HOSTILE_NETWORK = NetworkSpec(
    tuple(Node(name, "💣", number - 2) for number, name in enumerate(HOSTILE_NAMES)),
    (Edge(0, 1, -5), Edge(1, 1), Edge(2, 99), Edge(-1, 2), Edge(3, 4, 10**9)),
)
EMPTY: tuple[PictureSpec, ...] = (MapSpec(), ActivitySpec("Nothing", date(2014, 6, 1)), NetworkSpec())
