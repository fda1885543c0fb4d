"""Web addresses compared: the same page under another tracking parameter is the same page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_TRACKING = (
    "utm_", "fbclid", "gclid", "dclid", "msclkid", "mc_", "igshid", "cmpid", "cmp", "ocid", "ns_", "at_medium", "at_campaign",
    "at_custom", "ref", "source", "src", "rss", "partner", "smid", "xtor", "wt_mc", "wtmc", "ito", "traffic_source", "feed",
    "maca", "amp", "share", "_ga", "yclid", "spm", "tag_", "guccounter",
)  # fmt: skip


def canonical_link(url: str | None) -> str | None:
    """An address without tracking parameters, fragment and trailing slash; the front page of a site is no identity."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    query = urlencode(sorted((key, value) for key, value in given if not _is_tracking(key)))
    path = parts.path.rstrip("/")
    if not path and not query:
        return None
    return urlunsplit(("https", parts.netloc.lower().removeprefix("www."), path, query, ""))


def _is_tracking(key: str) -> bool:
    key = key.lower()
    return any(key == name or (name.endswith("_") and key.startswith(name)) for name in _TRACKING)
