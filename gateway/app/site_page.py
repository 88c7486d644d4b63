"""The reference of a site's file: every key, as Markdown, from the types that read it."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Final

import msgspec
from msgspec import Struct

from gateway.app.config_pages import key_rows
from gateway.app.config_types import array_member
from gateway.app.site_tables import SiteTable

_INTRODUCTION: Final = """\
SITES.md says what sites are, with an example. Each site has one file of TOML, which `charging.site_files` of the
configuration names. Currents are amperes per phase; where a key takes one for each of L1, L2 and L3, a single number is
for all three. Unknown keys are errors. `ocpp-gateway check-config` tells all that is wrong at once, each with its path:
`node[1].limit_a` is the key `limit_a` of the second table `[[node]]`.
"""


def site_reference_page() -> str:
    """Return the page."""
    return "\n".join(("# Reference of a site's file", "", *_INTRODUCTION.splitlines(), *_sections())) + "\n"


def _sections() -> Iterator[str]:
    yield from ("", "## The file itself", "", *key_rows(SiteTable))
    for field in msgspec.structs.fields(SiteTable):
        member = array_member(field.type)
        if member is not None:
            yield from _section(f"[[{field.name}]]", member)
        elif isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from _section(f"[{field.name}]", field.type)


def _section(title: str, table: type[Struct]) -> Iterator[str]:
    yield from ("", f"## {title}", "", cleandoc(table.__doc__ or ""), "", *key_rows(table))
