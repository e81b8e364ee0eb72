"""Which controls of the Microsoft cloud security benchmark each recommendation supports, as Azure has it now.

The names of controls are those of the live service (`LT.2`), written as Microsoft prints them (`LT-2`).
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from collectors.contract import JsonValue, Read, Reader
from collectors.declarations.resources import Resource
from collectors.defender.reads import ROW, SECURITY
from collectors.errors import Terminal

# Asked for each control of the benchmark under which anything is assessed: recommendations do not tell their
# controls, and no list of the subscription holds the assessments of all controls.
CONTROL_ASSESSMENTS = Read(
    path=(
        f"{SECURITY}/regulatoryComplianceStandards/{{standard}}/regulatoryComplianceControls/{{control}}"
        "/regulatoryComplianceAssessments"
    ),
    api_version="2019-01-01-preview",
    permission=(
        "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/"
        "regulatoryComplianceAssessments/read"
    ),
)
# Not "Azure-Security-Benchmark", which was this one's name before: version 2 of it went by that name too, and
# gave the same ids to other controls.
_BENCHMARK = "microsoft-cloud-security-benchmark"
_CONTROL = re.compile(r"([a-z]{2})[.-]([1-9]\d*)", re.IGNORECASE)
_DOMAIN = re.compile(r"[a-z]{2}", re.IGNORECASE)
_COUNTS = ("passed", "failed", "skipped")


class RecommendationControls(NamedTuple):
    """What the benchmark's regulatory compliance says of recommendations.

    Args:
        named: the controls of each recommendation, by its key in lower case; empty if not all could be read,
            since half of the controls of a recommendation would look like all.
        unknown: names of controls that are none of the benchmark's form; nothing below them is read.
        refused: what kept it from being read, one of each sort.
    """

    named: dict[str, list[str]]
    unknown: tuple[str, ...] = ()
    refused: tuple[Terminal, ...] = ()

    def summary(self) -> dict[str, JsonValue]:
        """Give the members of the evidence item; without live controls those of the catalogue hold."""
        return {
            "controls_source": "live" if self.named else "catalogue",
            "recommendation_controls": self.named,
            "unknown_controls": self.unknown,
        }


async def read_recommendation_controls(
    reader: Reader, standards: Iterable[tuple[Resource, Sequence[Resource]]]
) -> RecommendationControls:
    """Read, for each control of the benchmark that has assessments, which they are.

    Takes the standards of the subscription, each with its controls; without the benchmark nothing is read. A
    refusal is no error here: the standards were read, and the catalogue knows the controls as published.
    """
    asked, unknown = [], []
    for standard, controls in standards:
        if standard.name.lower() == _BENCHMARK:
            asked += [(standard.name, one.name) for one in controls if printed(one.name) and _assessed(one)]
            unknown += [one.name for one in controls if not printed(one.name) and not _is_domain(one.name)]
    found = await asyncio.gather(*(_read(reader, standard, control) for standard, control in asked))
    refused = {one.code: one for one in found if isinstance(one, Terminal)}
    if refused:
        return RecommendationControls({}, tuple(unknown), tuple(refused.values()))
    named: defaultdict[str, list[str]] = defaultdict(list)
    for (_, control), rows in zip(asked, found, strict=True):
        for row in rows if isinstance(rows, tuple) else ():
            named[row.name.lower()].append(printed(control))
    return RecommendationControls({key: sorted(set(named[key])) for key in sorted(named)}, tuple(unknown))


def printed(name: str) -> str:
    """Write the name of a control as Microsoft prints it, `LT-2` for `LT.2`; "" for what is no control."""
    found = _CONTROL.fullmatch(name)
    return f"{found[1].upper()}-{found[2]}" if found else ""


async def _read(reader: Reader, standard: str, control: str) -> tuple[Resource, ...] | Terminal:
    try:
        rows = await reader.items(CONTROL_ASSESSMENTS, ROW, standard=standard, control=control)
    except Terminal as error:
        return error
    return tuple(map(Resource, rows))


def _assessed(control: Resource) -> bool:
    """Tell whether assessments can stand under a control: their numbers decide where Azure tells them."""
    numbers = [control.number(f"properties.{state}Assessments") for state in _COUNTS]
    told = [number for number in numbers if number is not None]
    supported = (control.text("properties.state") or "").lower() != "unsupported"
    return supported and (not told or any(told))


def _is_domain(name: str) -> bool:
    """Tell whether a name is of a domain, such as `NS`: it only holds controls together."""
    return _DOMAIN.fullmatch(name) is not None
