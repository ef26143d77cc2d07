"""The face as a whole: what templates may not contain, colours, words, vendored files."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.template import engines
from django.utils import translation
from fontTools.ttLib import TTFont

from vyapar.dashboard.templatetags import words

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
#: Papers are printed as PDF or kept as a file of their own, never served; their style is their own.
SERVED = [path for path in TEMPLATES if "papers" not in path.parts]


class _Scan(HTMLParser):
    """Collects what the content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "style" or "style" in given:
            self.faults.append(f"inline style on <{tag}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.faults.append("inline script")
        self.faults += [f"{name} on <{tag}>" for name in given if name.startswith("on")]
        self.faults += [f"{name} on <{tag}>" for name in given if name.startswith("hx-on")]
        for name in ("href", "src", "action"):
            value = given.get(name) or ""
            if re.match(r"\s*(javascript:|data:text|//|https?:)", value):
                self.faults.append(f"{name}={value!r} leaves the house")


@pytest.mark.parametrize("path", SERVED, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_has_inline_script_style_or_an_outside_address(path):
    # tags of the template language are taken out so that what is left is markup
    markup = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    scan = _Scan()
    scan.feed(markup)
    assert scan.faults == []


def test_the_scan_finds_what_it_looks_for():
    scan = _Scan()
    scan.feed('<p style="x" onclick="y"><script>1</script><a href="javascript:z"><script src="//a"></script>')
    assert len(scan.faults) == 5


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_template_compiles(path):
    engines["django"].from_string(path.read_text())


def test_scripts_ask_nothing_of_eval_and_build_no_html():
    for path in (ROOT / "static/js").glob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write", text), (
            path
        )


def test_each_stylesheet_names_only_tokens_that_exist():
    sheets = {path.name: path.read_text() for path in (ROOT / "static/css").glob("*.css")}
    defined = set(re.findall(r"(--[\w-]+)\s*:", "".join(sheets.values())))
    used = set(re.findall(r"var\((--[\w-]+)", "".join(sheets.values())))
    assert used - defined == set()
    charts = (ROOT / "static/js/charts.js").read_text()
    assert {f"--{name}" for name in re.findall(r'token\("([\w-]+)"\)', charts)} <= defined


# --- colours -------------------------------------------------------------------------------------
def _palette(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))


_CSS = (ROOT / "static/css/tokens.css").read_text()
_LIGHT, _REST = _CSS.split("@media (prefers-color-scheme: dark)")
_SYSTEM_DARK, _CHOSEN = _REST.split(':root[data-theme="dark"]')
THEMES = {"light": _palette(_LIGHT), "dark": _palette(_CHOSEN)}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Ratio of WCAG 2, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


TONES = ("ok", "warn", "danger", "info", "sim", "neutral", "accent")
TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent-ink", "ok-ink", "warn-ink", "danger-ink")
      for ground in ("ground", "surface", "sunken", "raised", "accent-soft")],
    *[(f"{tone}-ink", f"{tone}-soft") for tone in TONES],
    *[(ink, f"{tone}-soft") for ink in ("ink", "ink-2") for tone in TONES],
    ("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-stop", "stop"), ("on-stop", "stop-hover"),
    ("on-tile", "tile"), ("on-tile", "tile-hover"),
]  # fmt: skip
SHAPES = [
    *[("focus", ground) for ground in ("ground", "surface", "sunken")],
    *[("line-strong", ground) for ground in ("ground", "surface", "sunken")],
    *[(f"chart-{n}", "surface") for n in range(1, 7)],
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read_on_its_ground(theme, ink, ground):
    colours = THEMES[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_lines_of_controls_and_charts_can_be_seen(theme, shape, ground):
    colours = THEMES[theme]
    assert contrast(colours[shape], colours[ground]) >= 3


def test_contrast_is_computed_as_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_dark_by_the_system_and_dark_by_choice_are_the_same_dark():
    assert _palette(_SYSTEM_DARK) == THEMES["dark"]
    assert set(THEMES["light"]) == set(THEMES["dark"])


# --- words ---------------------------------------------------------------------------------------
def test_every_word_of_a_status_and_of_a_way_out_has_its_hindi():
    hindi = polib.pofile(str(ROOT / "locale/hi/LC_MESSAGES/django.po"))
    have = {entry.msgid for entry in hindi if entry.msgstr}
    with translation.override("en"):
        said = {str(sign.label) for sign in words._STATUSES.values()}
        said |= {str(label) for label in (*words._WAYS.values(), *words._COMPONENTS.values())}
    assert said - have == set()


def test_hindi_keeps_the_places_of_figures():
    for entry in polib.pofile(str(ROOT / "tests/dashboard/gallery/locale/design.po")):
        places = re.findall(r"%\(\w+\)s|%[ds]", entry.msgid)
        for text in (entry.msgstr, *entry.msgstr_plural.values()):
            assert not text or sorted(re.findall(r"%\(\w+\)s|%[ds]", text)) == sorted(places), entry.msgid


# --- vendored files ------------------------------------------------------------------------------
def test_vendored_files_are_the_pinned_ones():
    listing = (ROOT / "static/vendor/VERSIONS.md").read_text()
    rows = re.findall(r"^\| (\S+/\S+) \| (\d+) \| `([0-9a-f]{64})`", listing, re.MULTILINE)
    assert len(rows) == 6
    for name, size, digest in rows:
        data = (ROOT / "static/vendor" / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), digest), name


def test_fonts_hold_the_rupee_sign_devanagari_and_tamil_with_figures_of_equal_width():
    folder = ROOT / "static/vendor/noto-sans"
    latin = TTFont(folder / "noto-sans-latin.woff2")
    cmap = latin.getBestCmap()
    assert {ord(sign) for sign in "₹−×–—…·"} <= set(cmap)
    assert len({latin["hmtx"][cmap[ord(digit)]][0] for digit in "0123456789"}) == 1
    assert ord("क") in TTFont(folder / "noto-sans-devanagari.woff2").getBestCmap()
    assert ord("க") in TTFont(folder / "noto-sans-tamil.woff2").getBestCmap()
