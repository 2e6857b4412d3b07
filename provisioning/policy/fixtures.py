"""The five texts as policies: what a clerk begins with.

Owns ``provisioning/files/policies``: each key as its text says it, with the number of the article
beside it, or not stated at all. Refuses to fill gaps: a key that a text does not state has its
default. The drafting slips of the texts are kept:

- S0§15 exempts the matters of §14 from the ban on pauses, though §13 permits them: both stand.
- S2§9 tells the party "where necessary" in one sentence and always in the next: always.
- S1 takes its words from the province and does not say them: the bureau's clip may say any.
- S2 and S3 give no hours for the hand-in: ``upload.deadline_hours`` is not stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from provisioning.layout import FILES
from provisioning.policy.files import read_file

NAMES: Final = ("S0", "S1", "S2", "S3", "S4")

_TABLE: Final = re.compile(r"^\[(?P<table>[a-z_]+)\]$")
_CITED: Final = re.compile(r"^(?P<key>[a-z_]+) = .*#\s*(?P<article>\S.*)$")


def path_of(name: str) -> Path:
    """Where text ``name`` lies."""
    return FILES / "policies" / f"{name}.toml"


@cache
def read_fixture(name: str) -> Mapping[str, Any]:
    """What text ``name`` states, by key.

    Raises:
        PolicyError: Its file is damaged.
    """
    return read_file(path_of(name))


@cache
def articles(name: str) -> Mapping[str, str]:
    """The article of text ``name`` that each of its keys was read in."""
    found, table = {}, ""
    for line in path_of(name).read_text("utf-8").splitlines():
        if head := _TABLE.match(line):
            table = head["table"]
        elif cited := _CITED.match(line):
            found[f"{table}.{cited['key']}"] = cited["article"]
    return found
