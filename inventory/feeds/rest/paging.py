"""From one page to the next, in the ways that interfaces have. Pure but for the following of links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inventory.feeds.rest.client import Page, RestClient
from inventory.feeds.rest.recipe import Recipe, find
from vyapar.kernel.errors import Rejected
from vyapar.kernel.phrases import phrase as _


def pages(
    client: RestClient, recipe: Recipe, extra: Mapping[str, str], start: Mapping[str, Any]
) -> Iterator[tuple[Page, dict[str, Any] | None]]:
    """Pages, each with where the one after it begins (None: it was the last).

    `start` is such a place, `{}` the beginning; `extra` are parameters of every page of this pull.
    """
    place: dict[str, Any] | None = dict(start)
    seen: set[str] = set()
    while place is not None:
        mark = str(sorted(place.items()))
        if mark in seen:
            raise Rejected(_("the far side's pages lead round in a circle"), code="rest_circle")
        seen.add(mark)
        address, params = _request(recipe, place, extra)
        page = client.get_page(recipe, address, params)
        place = _after(client, recipe, place, page)
        yield page, place


def _request(
    recipe: Recipe, place: Mapping[str, Any], extra: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    if place.get("address"):  # it carries all its parameters itself
        return str(place["address"]), {}
    params = {name: str(value) for name, value in recipe.params.items()} | dict(extra)
    if recipe.size_param and recipe.size:
        params[recipe.size_param] = str(recipe.size)
    if recipe.paging == "page":
        params[recipe.page_param] = str(place.get("page", recipe.first_page))
    elif recipe.paging == "offset":
        params[recipe.page_param] = str(place.get("offset", 0))
    elif recipe.paging == "cursor" and place.get("cursor"):
        params[recipe.page_param] = str(place["cursor"])
    return recipe.path.lstrip("/"), params


def _after(client: RestClient, recipe: Recipe, place: Mapping[str, Any], page: Page) -> dict[str, Any] | None:
    count = len(page.rows)
    if recipe.paging in ("page", "offset"):
        if not count or (recipe.size and count < recipe.size):
            return None
        if recipe.paging == "page":
            return {"page": int(place.get("page", recipe.first_page)) + 1}
        return {"offset": int(place.get("offset", 0)) + count}
    if recipe.paging == "cursor":
        cursor = find(recipe.next_path, page.document)
        return {"cursor": str(cursor)} if cursor not in (None, "", False) else None
    target = page.link if recipe.paging == "link" else ""
    if recipe.paging == "next":
        target = str(find(recipe.next_path, page.document) or "")
    return {"address": client.follow(str(place.get("address", recipe.path)), target)} if target else None
