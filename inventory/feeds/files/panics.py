"""What a parser written in another language throws becomes a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import python_calamine as calamine

from inventory.feeds.files.limits import refuse
from vyapar.kernel.phrases import phrase as _

#: What a parser reads, as sentences call it.
_WHAT = {"workbook": _("workbook"), "parquet": _("Parquet file")}


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Turn the failures of a parser, its panics too, into `Invalid`."""
    try:
        yield
    except calamine.PasswordError:
        refuse("encrypted", _("the %(what)s has a password; save it without one", what=_WHAT.get(what, what)))
    except (
        calamine.CalamineError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        OSError,
    ) as error:
        _broken(what, error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # each extension module has a class of its own
            raise
        _broken(what, error)


def _broken(what: str, error: BaseException) -> None:
    refuse(
        f"broken_{what}",
        _("the %(what)s cannot be read: it is damaged or not what its name says", what=_WHAT.get(what, what)),
        value=str(error),
    )
