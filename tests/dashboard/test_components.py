"""Filters, tags and templates of the face: what they say, and what they must never contain."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import engines
from django.test import RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.dashboard.templatetags import figures, ui_filters, words
from vyapar.kernel import money as kernel_money
from vyapar.kernel.decision import Finding, Severity, WayOut
from vyapar.kernel.lifecycle import Status

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NOW = datetime(2026, 11, 5, 8, 35, tzinfo=UTC)  # 14:05 in India


def show(source: str, query: str = "", **context: object) -> str:
    """`source` rendered as a page's template would be, for a request to `/list/?query`."""
    request = RequestFactory().get(f"/list/?{query}")
    return engines["django"].from_string(source).render({"request": request, **context})


# --- money, quantity, percent --------------------------------------------------------------------
@given(st.integers(min_value=-(10**15), max_value=10**15))
@example(0)
@example(99)
@example(100_00_000_00)
def test_money_reads_back_to_the_same_paise_and_is_grouped_as_indians_read_it(paise):
    text = ui_filters.money(paise)
    assert kernel_money.parse_rupees(text.replace("₹", "").replace(",", "")) == paise
    head, *groups = text.lstrip("-").removeprefix("₹").split(".")[0].split(",")
    assert 1 <= len(head) <= (3 if not groups else 2)
    assert [len(group) for group in groups] == [2] * (len(groups) - 1) + [3] * bool(groups)


@given(st.integers(min_value=-(10**12), max_value=10**12))
@example(1_00_000_00)
@example(99_999_49)
@example(1_00_00_000_00)
def test_the_short_form_is_within_half_a_percent_of_the_amount(paise):
    sizes = {"lakh": 1_00_000_00, "crore": 1_00_00_000_00}
    figure, _space, word = ui_filters.short_money(paise).replace("₹", "").replace(",", "").partition(" ")
    shown = Decimal(figure) * sizes.get(word, 100)
    assert abs(shown - paise) <= max(Decimal(abs(paise)) / 200, 50)


def test_money_of_nothing_is_a_dash_and_a_float_is_refused():
    assert ui_filters.money(None) == ui_filters.money("") == "—"
    with pytest.raises(TypeError, match="float"):
        ui_filters.money(12.5)


def test_sums_that_the_database_returns_as_decimals_are_whole_or_refused():
    assert ui_filters.money(Decimal("12345600")) == "₹1,23,456.00"
    with pytest.raises(TypeError, match="whole"):
        ui_filters.money(Decimal("1.5"))


@given(st.integers(0, 10**7), st.integers(1, 500))
@example(0, 1)
@example(24, 24)
@example(23, 24)
def test_cases_and_pieces_in_words_add_up_to_the_quantity(quantity, case_pack):
    text = ui_filters.quantity(quantity, case_pack).replace(",", "")
    found = re.findall(r"(\d+) (cases?|pieces?)", text)
    parts = {word.rstrip("s"): int(count) for count, word in found}
    assert parts.get("case", 0) * case_pack + parts.get("piece", 0) == quantity


def test_one_case_and_one_piece_are_singular():
    assert ui_filters.quantity(25, 24) == "1 case + 1 piece"
    assert ui_filters.quantity(1) == "1 piece"
    assert ui_filters.quantity(-25, 24) == "-1 case + 1 piece"


@given(st.integers(-1_000_000, 1_000_000))
@example(1)
@example(1000)
@example(12_50)
def test_percent_says_exactly_the_basis_points_and_no_idle_zeros(basis_points):
    text = ui_filters.percent_bp(basis_points)
    assert Decimal(text.removesuffix("%")) * 100 == basis_points
    assert not re.search(r"\.\d*0%$", text)


# --- days and instants ---------------------------------------------------------------------------
def test_days_and_instants_are_told_in_india_day_first():
    late = datetime(2026, 11, 4, 20, 0, tzinfo=UTC)
    assert ui_filters.ist_date(late) == "5 Nov 2026"
    assert ui_filters.ist_datetime(late) == "5 Nov 2026, 01:30"
    assert ui_filters.ist_date(date(2026, 11, 5)) == "5 Nov 2026"
    assert ui_filters.ist_datetime("2026-11-04T20:00:00+00:00") == "5 Nov 2026, 01:30"
    assert ui_filters.ist_date("2026-11-05") == "5 Nov 2026"


def test_text_that_is_no_day_is_shown_as_it_came():
    assert ui_filters.ist_date("next week") == "next week"
    assert ui_filters.ist_date(None) == "—"


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=-9), "in 9 days"),
        (timedelta(days=59), "59 days ago"),
        (timedelta(days=61), "2 months ago"),
    ],
)
def test_age_is_told_in_the_largest_unit_that_says_something(delta, said):
    assert ui_filters.age(NOW - delta, NOW) == said


def test_a_day_counts_by_the_indian_calendar_not_by_hours():
    before_midnight = datetime(2026, 11, 5, 18, 29, tzinfo=UTC)
    after_midnight = before_midnight + timedelta(minutes=2)
    assert ui_filters.age(date(2026, 11, 5), before_midnight) == "today"
    assert ui_filters.age(date(2026, 11, 5), after_midnight) == "1 day ago"


# --- links ---------------------------------------------------------------------------------------
def test_query_replace_keeps_what_it_does_not_name_and_drops_what_is_empty():
    link = show("{% query_replace sort='-value' page=None %}", "status=dead&status=slow_moving&page=3&q=tea")
    assert link.replace("&amp;", "&") == "?status=dead&status=slow_moving&q=tea&sort=-value"


def test_query_replace_escapes_what_a_visitor_put_into_the_address():
    assert "<script" not in show("{% query_replace page=2 %}", "q=%22%3E%3Cscript%3E")


def test_a_sortable_head_offers_the_other_direction():
    head = "{% th 'Value' sort='value' num=True %}"
    assert 'href="?sort=-value"' in show(head)
    assert 'aria-sort="descending"' in show(head, "sort=-value")
    assert 'href="?sort=value"' in show(head, "sort=-value")
    assert 'href="?sort=-value"' in show(head, "sort=value")
    assert "aria-sort" not in show(head, "sort=name")


def test_sorting_starts_from_the_first_page_again():
    assert "page" not in show("{% th 'Value' sort='value' %}", "page=4&cursor=abc").split("class=")[1]


# --- components ----------------------------------------------------------------------------------
def test_every_status_of_an_action_has_a_tone_an_icon_and_a_word():
    for status in Status:
        markup = show("{% status_badge status %}", status=status)
        assert "badge--neutral" not in markup or status in {
            Status.ROLLED_BACK, Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN,
        }  # fmt: skip
        assert "#circle" not in markup or status is Status.REJECTED
        assert str(words.sign(status).label) in markup


def test_an_unknown_status_is_shown_in_plain_words():
    assert "Lost at sea" in show("{% status_badge 'lost_at_sea' %}")


def test_every_icon_that_is_asked_for_is_in_the_sprite():
    sprite = (ROOT / "static/vendor/lucide/icons.svg").read_text()
    have = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {sign.icon for sign in words._STATUSES.values()} | set(words._WAYS)
    for path in TEMPLATES:
        text = path.read_text()
        used |= set(re.findall(r"{% icon ['\"]([\w-]+)['\"]", text))
        used |= set(re.findall(r"\b(?:icon|icon_after|action_icon)=['\"]([\w-]+)['\"]", text))
    assert used - have == set()
    assert len(used) > 40


def test_what_people_wrote_is_escaped_in_every_component():
    evil = "<b onclick=x>"
    finding = Finding(evil, Severity.BLOCK, evil, evil, fix=evil)
    way = WayOut("hold", 1, {evil: 1}, note=evil)
    source = (
        "{% button evil icon=evil %}{% badge evil %}{% stat evil text=evil note=evil %}"
        "{% empty_state evil evil %}"
        "{% findings findings %}{% ways_out ways %}{% timeline trail %}{% bar_list bars %}"
        "{% callout title=evil %}{{ evil }}{% endcallout %}{% card title=evil %}{{ evil }}{% endcard %}"
        "{% dialog 'd' evil %}{{ evil }}{% enddialog %}{% filters search=evil %}{{ evil }}{% endfilters %}"
        "{% table evil %}<tr><td>{{ evil }}</td></tr>{% endtable %}{% progress 1 2 evil note=evil %}"
        "{% document_link document %}{% agent_card agent %}{% sparkline values label=evil %}"
    )
    markup = show(
        source, evil=evil, findings=[finding], ways=[way], values=[1, 2],
        trail=[{"target": evil, "reason": evil, "actor": evil}],
        bars=[{"label": evil, "value": 1, "note": evil}],
        document={"title": evil, "number": evil}, agent={"label": evil, "state": evil, "doing": evil},
    )  # fmt: skip
    assert evil not in markup
    assert markup.count("&lt;b onclick") > 30


def test_chart_data_cannot_close_its_script():
    spec = {"kind": "bar", "x": ["</script><script>"], "series": [{"name": "n", "values": [1]}]}
    markup = show("{% chart spec 'c' 'Title' %}", spec=spec)
    assert "</script><script>" not in markup
    held = re.search(r'<script id="c" type="application/json">(.*?)</script>', markup).group(1)
    assert json.loads(held) == spec


@given(st.lists(st.integers(-(10**9), 10**9), max_size=40))
@example([])
@example([0, 0])
@example([5])
def test_a_sparkline_stays_inside_its_box(values):
    points = re.findall(r"([\d.-]+),([\d.-]+)", figures.spark(values)["line"])
    assert len(points) == len(values)
    assert all(0 <= float(x) <= 100 and 1.9 <= float(y) <= 26.1 for x, y in points)


_NETS = st.lists(
    st.tuples(st.integers(-(10**9), 10**9), st.booleans()), min_size=1, max_size=6
).map(
    lambda rows: [
        WayOut(name, net, {"revenue": net}, available)
        for (net, available), name in zip(rows, words._WAYS, strict=False)
    ]
)  # fmt: skip


@given(_NETS)
def test_ways_out_stand_best_first_closed_last_with_bars_in_proportion(ways):
    rows = figures.compare_ways(ways, chosen=ways[0].name)["rows"]
    openings = [row["available"] for row in rows]
    assert openings == sorted(openings, reverse=True)
    nets = [row["net_paise"] for row in rows if row["available"]]
    assert nets == sorted(nets, reverse=True)
    assert sum(row["chosen"] for row in rows) == 1
    for row in rows:
        if row["available"]:
            assert -0.01 <= row["x"] <= 100.01
            assert row["x"] + row["width"] <= 100.02
    biggest = max((abs(net) for net in nets), default=0)
    widths = {row["net_paise"]: row["width"] for row in rows if row["available"]}
    assert not biggest or max(widths.values()) == widths.get(biggest, widths.get(-biggest))


def test_ways_out_are_read_from_stored_json_as_from_objects():
    way = WayOut("transfer", 90, {"revenue": 100, "transport": -10})
    stored = {
        "name": "transfer", "net_paise": 90, "components": {"revenue": 100, "transport": -10},
        "available": True, "note": "",
    }  # fmt: skip
    assert figures.compare_ways([way], "transfer") == figures.compare_ways([stored], "transfer")


def test_nothing_is_set_against_a_holding_that_is_closed_and_parts_of_nothing_are_left_out():
    hold, destroy = (
        WayOut("hold", 0, {}, available=False),
        WayOut("destroy", -90, {"transport": -90, "claim": 0}),
    )
    row = figures.compare_ways([hold, destroy], "")["rows"][0]
    assert (row["name"], row["against_hold"], len(row["components"])) == ("destroy", None, 1)
    opened = figures.compare_ways([WayOut("hold", -20, {"carrying": -20}), destroy], "")["rows"][1]
    assert opened["against_hold"] == -70


def test_findings_stand_gravest_first():
    found = [Finding("b", Severity.INFO, "calm"), Finding("a", Severity.BLOCK, "grave")]
    markup = show("{% findings found %}", found=found)
    assert markup.index("grave") < markup.index("calm")


def test_a_change_is_good_or_bad_by_what_it_is_a_change_of():
    assert "delta--gain" in show("{% delta -500 good='down' %}")
    assert "delta--loss" in show("{% delta 500 good='down' %}")
    assert "delta--flat" in show("{% delta 0 %}")
    assert "+₹5" in show("{% delta 500 %}")


def test_attributes_of_a_button_are_written_with_hyphens_and_only_when_meant():
    source = "{% button 'Go' hx_post=url data_x=True hx_get=None disabled=False %}"
    markup = show(source, url="/x?a=1&b=2")
    assert 'hx-post="/x?a=1&amp;b=2"' in markup
    assert " data-x>" in markup
    assert "hx-get" not in markup
    assert "disabled" not in markup
