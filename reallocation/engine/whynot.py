"""Why a need stays unmet or a surplus stays put: the limit that binds, named and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reallocation.contracts import lane_subject
from reallocation.engine.board import Board, Floats, Ints
from reallocation.engine.candidates import CAUSES, Pairs, Ruled
from reallocation.engine.program import RowKind
from reallocation.engine.whole import Slack
from reallocation.rules import SENTENCES, Cause
from vyapar.kernel.decision import PassedOver
from vyapar.kernel.digits import group_indian
from vyapar.kernel.phrases import phrase as _

_CODE = {cause: n for n, cause in enumerate(CAUSES)}


def explain(
    board: Board, pairs: Pairs, ruled: Ruled, slack: Slack | None, closed: Ints
) -> tuple[PassedOver, ...]:
    """What was looked at and left: needs first, then surplus, each in canonical order.

    `closed`: (used lanes,) code of the cause that keeps each lane closed. `slack` None when no
    pair was left to plan.
    """
    moved = np.zeros(len(pairs), np.int64) if slack is None else slack.units * pairs.unit
    causes = np.zeros(0, np.int64) if slack is None else _binding(board, pairs, slack, closed)
    for row, pieces, tally in (
        (pairs.need, board.need, ruled.needs),
        (pairs.surplus, board.stock, ruled.surplus),
    ):
        np.add.at(tally, (row, causes), pieces[row])
    met = np.bincount(pairs.need, moved, len(board.needs)).astype(np.int64)
    gone = np.bincount(pairs.surplus, moved, len(board.surplus)).astype(np.int64)
    least = np.full(len(board.needs), np.iinfo(np.int64).max)
    np.minimum.at(least, pairs.need, pairs.unit)
    return (*_needs(board, ruled.needs, met, least), *_surplus(board, ruled.surplus, gone))


def _binding(board: Board, pairs: Pairs, slack: Slack, closed: Ints) -> Ints:
    """Code of what keeps each pair from one more unit; the first that applies, goods before lanes."""
    s, n = pairs.surplus, pairs.need
    moved = slack.units * pairs.unit
    gone = np.bincount(s, moved, len(board.surplus))
    met = np.bincount(n, moved, len(board.needs))
    after = moved + pairs.unit
    checks: list[tuple[Cause, NDArray[np.bool_]]] = [
        (Cause.NEED_MET, board.need[n] - met[n] < pairs.unit),
        (Cause.SURPLUS_USED, board.stock[s] - gone[s] < pairs.unit),
        (Cause.SAFETY_STOCK, slack.blocked(RowKind.SAFETY) | (after > board.leave[s])),
        (Cause.SHORT_WINDOW, slack.blocked(RowKind.WINDOW) | (after > pairs.window)),
        (Cause.RECEIVER_FULL, slack.blocked(RowKind.RECEIVER)),
        (Cause.LINE_LIMIT, slack.out_of_lines() & (slack.trips > 0)[slack.fleet.lane]),
        (Cause.VEHICLE_FULL, (slack.trips > 0)[slack.fleet.lane]),
    ]
    codes = [_CODE[cause] for cause, _hit in checks]
    return np.select([hit for _cause, hit in checks], codes, closed[slack.fleet.lane]).astype(np.int64)


def _needs(board: Board, tally: Ints, met: Ints, least: Ints) -> Iterator[PassedOver]:
    """Needs of which more than an odd piece stays unmet; `least`: smallest unit that could come."""
    for number, row in enumerate(board.needs):
        short = row.need_pieces - int(met[number])
        if short and not (met[number] and short < least[number]):
            cause = _main(tally[number], Cause.NO_SURPLUS)
            reason = _(
                "%(short)s of %(need)s pieces stay unmet: %(why)s",
                short=group_indian(short), need=group_indian(row.need_pieces), why=SENTENCES[cause],
            )  # fmt: skip
            numbers = {"need_pieces": row.need_pieces, "left_pieces": short}
            yield PassedOver(
                f"need:{row.sku}@{row.location}", cause, reason, numbers | _counted(tally[number])
            )


def _surplus(board: Board, tally: Ints, gone: Ints) -> Iterator[PassedOver]:
    """Batches of which more than an odd piece stays where it is."""
    for number, row in enumerate(board.surplus):
        stays = row.surplus_pieces - int(gone[number])
        if stays and not (gone[number] and stays < board.unit[number]):
            cause = _main(tally[number], Cause.NO_NEED)
            reason = _(
                "%(stays)s of %(surplus)s pieces stay: %(why)s",
                stays=group_indian(stays), surplus=group_indian(row.surplus_pieces), why=SENTENCES[cause],
            )  # fmt: skip
            numbers = {"surplus_pieces": row.surplus_pieces, "left_pieces": stays}
            subject = f"surplus:{row.sku}/{row.batch}@{row.location}"
            yield PassedOver(subject, cause, reason, numbers | _counted(tally[number]))


def _main(tally: Ints, otherwise: Cause) -> Cause:
    """The cause that keeps back the most pieces; on ties the one named first."""
    return CAUSES[int(np.argmax(tally))] if tally.any() else otherwise


def _counted(tally: Ints) -> dict[str, Any]:
    kept = {CAUSES[n].value: int(tally[n]) for n in np.flatnonzero(tally).tolist()}
    return {"pieces_by_cause": kept} if kept else {}


def lanes_left(
    board: Board, lanes: Ints, slack: Slack, closed: Ints, next_net: Floats
) -> tuple[PassedOver, ...]:
    """Closed lanes whose next load would have paid for its trip, and why they stay closed."""
    told = [
        (int(lanes[k]), CAUSES[int(closed[k])], round(float(next_net[k])))
        for k in range(len(lanes))
        if not slack.trips[k] and next_net[k] > 0
    ]
    return tuple(
        PassedOver(lane_subject(*board.lanes[lane].key), cause, SENTENCES[cause], {"net_paise_at_most": net})
        for lane, cause, net in told
    )
