"""Short forms of provinces as newspapers write them after a town's name: `Metcalfe County, Ky.`, `Surrey, B.C.`"""

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
