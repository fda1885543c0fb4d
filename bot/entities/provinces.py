"""What the lists lack about provinces: their short forms (`Metcalfe County, Ky.`), and where the large ones lie."""

from __future__ import annotations

# GeoNames' code of the province → its short forms.
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "US.AL": ("Ala.",), "US.AZ": ("Ariz.",), "US.AR": ("Ark.",), "US.CA": ("Calif.", "Cal."), "US.CO": ("Colo.",), "US.CT": ("Conn.",),
    "US.DE": ("Del.",), "US.FL": ("Fla.",), "US.GA": ("Ga.",), "US.IL": ("Ill.",), "US.IN": ("Ind.",), "US.KS": ("Kan.", "Kans."),
    "US.KY": ("Ky.",), "US.LA": ("La.",), "US.MD": ("Md.",), "US.MA": ("Mass.",), "US.MI": ("Mich.",), "US.MN": ("Minn.",),
    "US.MS": ("Miss.",), "US.MO": ("Mo.",), "US.MT": ("Mont.",), "US.NE": ("Neb.", "Nebr."), "US.NV": ("Nev.",), "US.NH": ("N.H.",),
    "US.NJ": ("N.J.",), "US.NM": ("N.M.",), "US.NY": ("N.Y.",), "US.NC": ("N.C.",), "US.ND": ("N.D.",), "US.OK": ("Okla.",),
    "US.OR": ("Ore.",), "US.PA": ("Pa.", "Penn."), "US.RI": ("R.I.",), "US.SC": ("S.C.",), "US.SD": ("S.D.",), "US.TN": ("Tenn.",),
    "US.TX": ("Tex.",), "US.VT": ("Vt.",), "US.VA": ("Va.",), "US.WA": ("Wash.",), "US.WV": ("W.Va.", "W. Va."), "US.WI": ("Wis.", "Wisc."),
    "US.WY": ("Wyo.",), "US.DC": ("D.C.",),
    "CA.01": ("Alta.",), "CA.02": ("B.C.",), "CA.03": ("Man.",), "CA.04": ("N.B.",), "CA.05": ("N.L.", "Nfld."), "CA.07": ("N.S.",),
    "CA.08": ("Ont.",), "CA.09": ("P.E.I.",), "CA.10": ("Que.",), "CA.11": ("Sask.",), "CA.13": ("N.W.T.",),
    "AU.02": ("NSW", "N.S.W."), "AU.04": ("Qld",), "AU.07": ("Vic",), "AU.08": ("W.A.",), "AU.05": ("S.A.",), "AU.06": ("Tas",),
    "AU.01": ("A.C.T.",),
}  # fmt: skip

# Two capital letters count only behind a comma: `Austin, TX`.
POSTAL = frozenset(
    """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN
    TX UT VT VA WA WV WI WY DC
    """.split()
)

# Where large provinces lie (their middle on the map, not the middle of their people).
CENTRES: dict[str, tuple[float, float]] = {
    "US.AL": (32.75, -86.75), "US.AK": (64.0, -150.0), "US.AZ": (34.5, -111.5), "US.AR": (34.75, -92.5), "US.CA": (37.25, -119.75),
    "US.CO": (39.0, -105.5), "US.CT": (41.67, -72.67), "US.DE": (39.0, -75.5), "US.FL": (28.75, -82.5), "US.GA": (32.75, -83.5),
    "US.HI": (20.75, -156.5), "US.ID": (44.5, -114.25), "US.IL": (40.0, -89.25), "US.IN": (40.0, -86.25), "US.IA": (42.0, -93.5),
    "US.KS": (38.5, -98.5), "US.KY": (38.2, -84.88), "US.LA": (31.0, -92.0), "US.ME": (45.5, -69.25), "US.MD": (39.0, -76.75),
    "US.MA": (42.37, -71.11), "US.MI": (44.25, -85.5), "US.MN": (46.25, -94.25), "US.MS": (32.75, -89.75), "US.MO": (38.25, -92.5),
    "US.MT": (47.0, -109.75), "US.NE": (41.5, -99.75), "US.NV": (39.25, -116.75), "US.NH": (43.67, -71.5), "US.NJ": (40.17, -74.5),
    "US.NM": (34.5, -106.0), "US.NY": (43.0, -75.5), "US.NC": (35.5, -80.0), "US.ND": (47.5, -100.0), "US.OH": (40.25, -83.0),
    "US.OK": (35.49, -97.5), "US.OR": (44.0, -120.5), "US.PA": (40.27, -76.91), "US.RI": (41.75, -71.5), "US.SC": (34.0, -81.0),
    "US.SD": (44.5, -100.25), "US.TN": (35.75, -86.25), "US.TX": (31.25, -99.25), "US.UT": (39.25, -111.75), "US.VT": (44.0, -72.75),
    "US.VA": (37.55, -77.45), "US.WA": (47.5, -120.5), "US.WV": (38.5, -80.5), "US.WI": (44.5, -90.0), "US.WY": (43.0, -107.5),
    "US.DC": (38.92, -77.0), "CA.01": (52.28, -117.47), "CA.02": (54.0, -125.0), "CA.03": (55.0, -97.0), "CA.04": (46.5, -66.75),
    "CA.05": (52.0, -56.0), "CA.07": (45.0, -63.0), "CA.08": (49.25, -84.5), "CA.09": (46.33, -63.5), "CA.10": (52.0, -72.0),
    "CA.11": (54.0, -106.0), "CA.12": (63.0, -135.0), "AU.01": (-35.5, 149.0), "AU.02": (-33.0, 146.0), "AU.03": (-20.0, 134.0),
    "AU.04": (-20.0, 145.0), "AU.05": (-30.0, 135.0), "AU.06": (-42.0, 147.0), "AU.07": (-37.0, 145.0), "AU.08": (-25.0, 122.0),
}  # fmt: skip
