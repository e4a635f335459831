"""What a study made, made harmless to look at: a picture is drawn anew, everything else is text.

Refuses to hand on a byte of an untrusted picture: it is decoded within bounds and encoded again, without what was hidden
in it. SVG and HTML are shown as the text that they are. A copy that is taken away bears the name of who took it.
"""

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageDraw, UnidentifiedImageError

MOST_PIXELS = 40_000_000
PICTURES = ("PNG", "JPEG")
LONGEST_TEXT = 200_000
MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True)
class Copy:
    """A marked copy: its bytes, the name it is saved under, and its kind."""

    content: bytes
    name: str
    media_type: str


def is_picture(content: bytes) -> bool:
    """Whether the bytes begin as a picture that can be drawn anew, whatever their name says."""
    return content.startswith(MAGIC)


def redrawn(content: bytes, mark: str = "") -> bytes | None:
    """The picture drawn anew as PNG: pixels and nothing else; or nothing, where it cannot be decoded within bounds."""
    try:
        with Image.open(io.BytesIO(content), formats=PICTURES) as untrusted:
            if untrusted.width * untrusted.height > MOST_PIXELS:
                return None
            picture = Image.new("RGB", untrusted.size, "white")
            picture.paste(untrusted.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if mark:
        ImageDraw.Draw(picture).text((8, 8), mark, fill=(200, 0, 0))
    drawn = io.BytesIO()
    picture.save(drawn, "PNG")
    return drawn.getvalue()


def text_of(content: bytes) -> tuple[str, bool]:
    """The bytes as text to be read, and whether it was cut."""
    return content[:LONGEST_TEXT].decode("utf-8", "backslashreplace"), len(content) > LONGEST_TEXT


def marked_copy(content: bytes, path: str, person: str, at: datetime) -> Copy:
    """A copy to take away, in a ZIP that says who took it and when; a picture is drawn anew and bears it too."""
    mark = f"Unreleased. Taken by {person} at {at.isoformat(timespec='seconds')}. Do not pass on."
    name = path.rsplit("/", 1)[-1] or "file"
    if is_picture(content):
        inner, name = redrawn(content, mark) or b"", f"{name}.png"
    else:
        inner = f"# {mark}\n".encode() + content
        name = name if name.endswith((".csv", ".txt")) else f"{name}.txt"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("WHO-TOOK-THIS.txt", mark + "\n")
        bundle.writestr(name, inner)
    return Copy(packed.getvalue(), f"unreleased-{person}-{name}.zip", "application/zip")
