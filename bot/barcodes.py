"""Barcodes in photos: read where `usegap[barcode]` is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO

KINDS = ("JPEG", "PNG", "WEBP")
LARGEST_SIDE = 2400
"""Pixels that are looked at: a code that fills a tenth of a photo still has 240."""
MOST_PIXELS = 60_000_000
"""A picture of more is not opened: it could be a small file that unpacks to all of the memory."""


@cache
def can_read() -> bool:
    """Whether what reads barcodes is installed."""
    return find_spec("zxingcpp") is not None and find_spec("PIL") is not None


def read(content: bytes) -> str:
    """The text of the barcode in a picture; "" where there is none, or it is no picture."""
    import zxingcpp
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=KINDS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return ""
            # A JPEG is made smaller while it is unpacked, others afterwards.
            picture.draft("L", (LARGEST_SIDE, LARGEST_SIDE))
            grey = picture.convert("L")
            grey.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # What is broken, or no picture at all.
        return ""
    found = [one.text for one in zxingcpp.read_barcodes(grey) if one.valid and one.text]
    return found[0] if found else ""
