"""Filling a page: escaped text, one look, nothing from elsewhere.

Owns the templates and the look that they share. Refuses scripts, links and pictures from files: a
page is itself and nothing else, and a browser is told to hold it to that.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from evidence.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def fill(template: str, **values: object) -> str:
    """A page as HTML.

    Args:
        template: Name of a file in ``templates``.
        values: What it asks for.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    # Late: most commands print nothing, and start sooner without it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - see above

    environment = Environment(
        loader=PackageLoader("provisioning.paper", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.finalize = _shown
    return environment


def _shown(value: object) -> object:
    """Without anything that would turn the writing around or hide it."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)
