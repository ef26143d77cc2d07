"""Cuts the static faces from the variable Noto fonts: `python -m compliance.documents.fonts.cut`.

A variable font would be cut anew for every paper: slow, and stamped with the time of day, so that
the same paper would never have the same bytes. The cuts keep every layout feature of the scripts.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-untyped]

LATIN = {*range(0x20, 0x180), *range(0x2000, 0x2070), 0x20B9, 0x2122, 0x2190, 0x2192, 0x2212, 0x25CC}
DEVANAGARI = {*range(0x900, 0x980), *range(0xA8E0, 0xA900)}
TAMIL = {*range(0xB80, 0xC00), 0x200C, 0x200D, 0x25CC, 0x964, 0x965}

_SANS = ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf", LATIN | DEVANAGARI)
_TAMIL = ("fontpkg_noto_sans_tamil", "NotoSansTamil[wdth,wght].ttf", TAMIL)
CUTS = (
    ("NotoSans-Regular.ttf", *_SANS, 400),
    ("NotoSans-SemiBold.ttf", *_SANS, 600),
    ("NotoSansTamil-Regular.ttf", *_TAMIL, 400),
    ("NotoSansTamil-SemiBold.ttf", *_TAMIL, 600),
)


def cut(package: str, name: str, characters: set[int], weight: int) -> bytes:
    """One static face of a variable font in a package, with the given code points."""
    options = subset.Options(
        layout_features=["*"], name_IDs=["*"], notdef_outline=True, hinting=False, recalc_timestamp=False
    )
    with as_file(files(package) / "files" / name) as path:
        font = subset.load_font(str(path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    small = BytesIO()
    font.save(small)
    small.seek(0)
    static = instantiateVariableFont(
        TTFont(small, recalcTimestamp=False), {"wght": weight, "wdth": 100}, inplace=True, static=True
    )
    out = BytesIO()
    static.save(out)
    return out.getvalue()


def main() -> None:
    """Write every cut beside this module."""
    for target, package, name, characters, weight in CUTS:
        Path(__file__).with_name(target).write_bytes(cut(package, name, characters, weight))


if __name__ == "__main__":
    main()
