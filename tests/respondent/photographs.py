"""Pictures as phones make them, with where they were taken; QR codes."""

from io import BytesIO

import segno
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

MAKER = "Phone of Wang Xiuying"


def taken(kind="JPEG", **options):
    """A picture with a place, a maker and words in it, which is to be turned."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Make] = MAKER
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (28.0, 7.0, 3.0)
    into = BytesIO()
    picture = Image.linear_gradient("L").resize((64, 40)).convert("RGB")
    more = {"comment": MAKER} if kind == "JPEG" else {}
    picture.save(into, kind, exif=exif, xmp=f"<x>{MAKER}</x>".encode(), **more, **options)
    return into.getvalue()


def place_in(content):
    """Where a picture says that it was taken."""
    with Image.open(BytesIO(content)) as picture:
        return dict(picture.getexif().get_ifd(IFD.GPSInfo))


def code_of(text):
    """A QR code as PNG."""
    into = BytesIO()
    segno.make(text).save(into, kind="png", scale=6)
    return into.getvalue()
