"""What the rules of the agents are called on the settings' page, and in what they are counted."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RuleWords(NamedTuple):
    """A rule's name for people and, where it needs one, the sentence under it."""

    label: str | Promise
    help: str | Promise = ""


_BP = _("in hundredths of a percent: 100 is 1 %")
_BP_YEAR = _("of cost a year, in hundredths of a percent: 100 is 1 %")
_DAYS_LIST = _("rising, parted by commas; the last band has no end")
_BP_LIST = _("in hundredths of a percent: 100 is 1 %; parted by commas")
_PAISE = _("in paise: 100 is ₹1")

RULES: dict[str, RuleWords] = {
    # forecasting
    "horizon_weeks": RuleWords(_("Weeks to look ahead")),
    "back_test_origins": RuleWords(_("Past days to try the forecast on"), _("two or more")),
    "back_test_weeks": RuleWords(_("Weeks forecast in each try")),
    "new_days": RuleWords(_("Days a SKU counts as new")),
    "silent_days": RuleWords(_("Days without a sale until it counts as silent")),
    "adi_threshold": RuleWords(
        _("Weeks between sales from which demand is intermittent"), _("the mean gap, known as ADI")
    ),
    "cv2_threshold": RuleWords(
        _("Unevenness from which demand is erratic"), _("squared variation of what is sold, known as CV²")
    ),
    "seasonal": RuleWords(_("Use last year's season where it wins")),
    # monitoring
    "dead_stock_threshold": RuleWords(_("Days without a sale until stock is dead")),
    "slow_moving_threshold": RuleWords(_("Days without a sale until stock is slow-moving")),
    "cover_days_slow": RuleWords(_("Days of cover from which stock is slow-moving")),
    "cover_days_dead": RuleWords(_("Days of cover from which stock is dead")),
    "expiry_horizon_days": RuleWords(_("Days before expiry from which a batch is near it")),
    "age_bands": RuleWords(_("Days at which bands of age end"), _DAYS_LIST),
    "expiry_bands": RuleWords(_("Days before expiry at which its bands end"), _DAYS_LIST),
    "minimum_life_at_sale_days": RuleWords(
        _("Days of life left that a channel wants at sale"),
        _("a channel whose field is empty asks for what general trade does"),
    ),
    "minimum_life_share_bp": RuleWords(
        _("Share of the whole life that is enough for a channel"),
        _(
            "in hundredths of a percent: 100 is 1 %; counts where it comes to fewer days and the day of "
            "manufacture is known. FSSAI told online food businesses on 12-11-2024: 30 % or 45 days"
        ),
    ),
    "score_weights": RuleWords(_("Points of each part of the score"), _("they add up to 100")),
    "passed_over_limit": RuleWords(_("Items left alone that are told one by one")),
    "quality_weights": RuleWords(_("Marks that each figure of data quality can cost")),
    "quality_limits": RuleWords(_("Share at which all of these marks are lost"), _BP),
    "quality_marks": RuleWords(_("Fewest marks of each grade")),
    "quality_gate": RuleWords(_("Grade from which agents do not act alone"), _("A to E, and worse")),
    "late_entry_days": RuleWords(_("Days after which a sale counts as entered late")),
    "learning": RuleWords(_("Learn from what earlier predictions came to")),
    "steps_down": RuleWords(
        _("Ask a person again when predictions no longer fit"), _("a person gives agents their limits back")
    ),
    "closed_weekdays": RuleWords(
        _("Weekdays on which nobody works"), _("0 is Monday, 6 is Sunday; parted by commas")
    ),
    "holidays": RuleWords(_("Holidays"), _("days such as 2026-11-08, parted by commas")),
    "carrying_rate_bp": RuleWords(_("Cost of keeping stock"), _BP_YEAR),
    "opportunity_rate_bp": RuleWords(_("Cost of money tied up"), _BP_YEAR),
    "disposal_paise_per_kg": RuleWords(_("Destroyer's charge a kilogram"), _PAISE),
    "local_freight_paise_per_kg": RuleWords(_("Local freight a kilogram"), _PAISE),
    "handling_paise_per_piece": RuleWords(_("Picking and packing a piece"), _PAISE),
    "document_paise": RuleWords(_("Papers of one consignment"), _PAISE),
    "message_paise": RuleWords(_("Messages of one offer"), _PAISE),
    "discount_bp": RuleWords(_("Usual discount of an offer"), _BP),
    "discount_sell_through_bp": RuleWords(_("Share of stock at risk that an offer clears"), _BP),
    "discount_days": RuleWords(_("Days an offer runs")),
    "discount_rungs_bp": RuleWords(_("Further discounts to look at"), _BP_LIST),
    "discount_response_bp": RuleWords(_("Demand that each percent of discount adds"), _BP),
    "claim_success_bp": RuleWords(_("Chance that the company accepts a claim"), _BP),
    "claim_days": RuleWords(_("Days until the company pays a claim")),
    "moved_sales_bp": RuleWords(_("Share that sells of what should where a transfer leads"), _BP),
    "residual_bp": RuleWords(_("Worth of a piece that was kept to the end, of its cost"), _BP),
    "donate_minimum_life_days": RuleWords(_("Days of life left that a charity wants")),
    "tax_lock_days": RuleWords(_("Days that tax on a transfer to another registration is out of pocket")),
    # prediction
    "least_days": RuleWords(_("Days of history needed to learn")),
    "least_cases": RuleWords(_("Cases of each kind needed to learn")),
    "sample_rows": RuleWords(_("Most cases to learn from")),
    "relearn_days": RuleWords(_("Days after which it is learnt anew")),
    "a_share_bp": RuleWords(_("Share of sales that A goods make"), _BP),
    "b_share_bp": RuleWords(_("Share of sales that A and B goods make"), _BP),
    "x_cv": RuleWords(_("Variation up to which demand is steady (X)")),
    "y_cv": RuleWords(_("Variation up to which demand is uneven (Y)")),
    "fast_weeks_bp": RuleWords(_("Share of weeks with a sale from which a SKU is fast"), _BP),
    "overdue_intervals": RuleWords(
        _("Missed orders until an outlet's stock counts as standing"), _("times its usual interval")
    ),
    # transfers
    "reallocation_radius_km": RuleWords(_("Farthest transfer, km")),
    "minimum_net_paise": RuleWords(_("Least gain worth acting for"), _PAISE),
    "minimum_days_on_arrival": RuleWords(_("Days of life a batch must have left on arrival")),
    "safety_stock_days": RuleWords(_("Days of its own demand that a place keeps")),
    "recently_moved_days": RuleWords(_("Days that stock stays where a transfer brought it")),
    "max_transfers_per_cycle": RuleWords(_("Most transfers a cycle")),
    "max_pieces_per_receiver": RuleWords(_("Most pieces a receiver and cycle"), _("0 is no limit")),
    "max_lines_per_transfer": RuleWords(_("Most lines of a transfer")),
    "whole_cases_only": RuleWords(_("Move whole cases only")),
    "handling_paise_per_kg": RuleWords(_("Loading and unloading a kilogram"), _PAISE),
    "proximity_weight": RuleWords(_("Weight of nearness when receivers compete"), _("all three add up to 1")),
    "velocity_weight": RuleWords(_("Weight of fast sale when receivers compete")),
    "urgency_weight": RuleWords(_("Weight of urgency when receivers compete")),
    "velocity_half_pieces": RuleWords(_("Pieces a day that count half as fast")),
    "urgency_half_days": RuleWords(_("Days to expiry that count half as urgent")),
    "proposal_hours": RuleWords(_("Hours a proposal stays open")),
    "why_not_limit": RuleWords(_("Needs left unmet that are told one by one")),
    # compliance
    "turnover_rupees": RuleWords(
        _("Highest turnover of a year since 2017-18, ₹"), _("of the PAN; -1 is not known, and papers say so")
    ),
    "preceding_turnover_rupees": RuleWords(_("Turnover of the last year, ₹"), _("-1 is not known")),
    "returns_filed": RuleWords(_("GST returns are filed")),
    "irn_elsewhere": RuleWords(_("E-invoices are registered by another system")),
    "eway_grace_days": RuleWords(_("Days an e-way bill number may be missing")),
}


def rule_words(name: str, label: str, hint: str) -> RuleWords:
    """What a rule is called: its own `label` and `hint` where its agent gives them, else the table's."""
    known = RULES.get(name)
    if label or known is None:
        return RuleWords(label or name, hint)
    return RuleWords(known.label, hint or known.help)
