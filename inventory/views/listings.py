"""Lists of this app that can be sent by mail: what a mail brings is what its page's file holds."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.views.corrections import corrections_table
from inventory.views.forecast import accuracy_table
from inventory.views.outcomes import months_table, outcomes_table
from inventory.views.outlets import outlets_table
from inventory.views.outliers import outliers_table
from inventory.views.outlook import outlook_table
from inventory.views.pivot import pivot_table
from inventory.views.stock import stock_table
from vyapar.dashboard import board
from vyapar.dashboard.board import Listing


def hang_listings() -> None:
    """Hang the lists on the board; the names are those of saved views' pages."""
    for name, label, page, file, read in (
        ("stock", _("Dead stock"), "inventory:stock", "inventory:export", stock_table),
        ("pivot", _("Pivot of dead stock"), "inventory:pivot", "inventory:pivot_file", pivot_table),
        ("outlook", _("Chance of no sale"), "inventory:outlook", "inventory:outlook_file", outlook_table),
        ("outlets", _("Stock at outlets"), "inventory:outlets", "inventory:outlets_file", outlets_table),
        ("outcomes", _("Outcomes"), "inventory:outcomes", "inventory:outcomes_file", outcomes_table),
        ("months", _("Outcomes by month"), "inventory:outcomes", "inventory:months_file", months_table),
        ("forecast", _("Forecast accuracy"), "inventory:forecast", "inventory:forecast_file", accuracy_table),
        ("outliers", _("Outliers of past demand"), "inventory:outliers", "inventory:outliers_file",
         outliers_table),
        ("corrections", _("Corrections of past demand"), "inventory:corrections",
         "inventory:corrections_file", corrections_table),
    ):  # fmt: skip
        board.hang(Listing(name, label, page, file, read))
