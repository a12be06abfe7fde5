"""Pictures of the running product for the guides: PNG, packed as small as they go without loss."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from e2e.programs import ROOT

PICTURES = ROOT / "docs" / "start" / "pictures"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_picture(path: Path, png: bytes) -> None:
    """Write a PNG with its pixels packed anew: a browser packs them in a hurry."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(png))


def packed(png: bytes) -> bytes:
    """Return the same picture in fewer bytes (PNG, ISO/IEC 15948, chunks IHDR, IDAT, IEND)."""
    chunks = []
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    header = next(data for kind, data in chunks if kind == b"IHDR")
    kept = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in kept
    )
