"""Loads frameworks, their controls, and the checks that support each control, and holds them together."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from mappings.data_files import DataFile, MappingError, Record, content_version, read_folder

__all__ = [
    "ASSESSMENT_FRAMEWORK",
    "ASSESSMENT_PREFIX",
    "Assessment",
    "Control",
    "Framework",
    "MappingError",
    "MappingRow",
    "Mappings",
    "load",
]

ASSESSMENT_PREFIX = "defender_assessment:"
"""What the check id of a recommendation of Defender begins with; its key follows, in lower case."""
ASSESSMENT_FRAMEWORK = "mcsb_v1"
"""The framework whose controls recommendations support, as Microsoft itself maps them."""
_SEVERITIES = frozenset({"High", "Medium", "Low", ""})

type Coverage = Literal["automated", "partial", "manual", "none"]
"""How much of a control the checks mapped to it answer.

`automated`: all of it, as of a benchmark whose controls are settings. `partial`: a part, as of a standard
whose controls ask for processes too, which no API can tell of, or where a person answers some of the checks.
`manual`: a person answers every check. `none`: there is no check.
"""

_COVERAGES: Mapping[str, Coverage] = {
    "automated": "automated",
    "partial": "partial",
    "manual": "manual",
    "none": "none",
}

type _Catalogues = Mapping[str, tuple[Control, ...]]
type _Pair = tuple[str, str, str]
"""Framework id, control id, check id."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A catalogue of controls in one published version; `note` says whose words the titles are."""

    id: str
    title: str
    publisher: str
    version: str
    link: str
    note: str


@dataclass(frozen=True, slots=True)
class Control:
    """One entry of a catalogue; a group only holds others together: nothing is mapped to it or covers it."""

    id: str
    title: str
    parent: str | None
    is_group: bool
    coverage: Coverage | None


@dataclass(frozen=True, slots=True)
class MappingRow:
    """The statement that a check supports a control, and whose statement it is (see README.md)."""

    framework: str
    control_id: str
    check_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """A recommendation of Defender for Cloud as last published; severity is empty where unknown."""

    key: str
    display_name: str
    severity: str
    resource_type: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every framework, control and row, indexed both ways.

    `rows` are the (control, check) rows as written, `assessments` the known recommendations of Defender
    by key, and `version` names exactly this content: it is stamped on evidence.
    """

    version: str
    frameworks: tuple[Framework, ...]
    rows: tuple[MappingRow, ...]
    assessments: Mapping[str, Assessment]
    _catalogues: _Catalogues = field(repr=False)
    _by_check: Mapping[str, Mapping[str, tuple[str, ...]]] = field(repr=False)
    _by_control: Mapping[tuple[str, str], tuple[str, ...]] = field(repr=False)

    def controls(self, framework_id: str) -> tuple[Control, ...]:
        """Return the catalogue of a framework in its printed order, groups included.

        Raises:
            KeyError: there is no such framework.
        """
        return self._catalogues[framework_id]

    def controls_of(self, check_id: str) -> Mapping[str, tuple[str, ...]]:
        """Return the controls that a check supports, by framework, each in catalogue order.

        `defender_assessment:<key>` stands for a recommendation of Defender; its key may be in any case.
        A check that nothing maps answers with an empty mapping.
        """
        if check_id.startswith(ASSESSMENT_PREFIX):
            check_id = check_id.lower()
        return self._by_check.get(check_id, MappingProxyType({}))

    def checks_of(self, framework_id: str, control_id: str) -> tuple[str, ...]:
        """Return the checks that support a control, sorted: the exact inverse of `controls_of`."""
        return self._by_control.get((framework_id, control_id), ())


def load(folder: Path | None = None) -> Mappings:
    """Read all mapping files and return them indexed; the caller keeps the result.

    Args:
        folder: another copy of the files in the same layout; by default those beside this module.

    Raises:
        MappingError: a line is malformed, says again what another said, or names a control that is none.
    """
    files = read_folder(folder or Path(__file__).parent)
    frameworks = _read_frameworks(_required(files, "frameworks.csv"))
    catalogues = {
        framework.id: _read_catalogue(_required(files, f"catalogues/{framework.id}.csv"))
        for framework in frameworks
    }
    row_files = [file for name, file in files.items() if name.startswith("controls/")]
    rows = _read_rows(row_files, catalogues)
    assessments = _read_assessments(_required(files, "defender_assessments.csv"), catalogues)
    pairs = [(row.framework, row.control_id, row.check_id) for row in rows]
    pairs += [
        (ASSESSMENT_FRAMEWORK, control_id, ASSESSMENT_PREFIX + assessment.key)
        for assessment in assessments.values()
        for control_id in assessment.controls
    ]
    return Mappings(
        version=content_version(files.values()),
        frameworks=frameworks,
        rows=rows,
        assessments=MappingProxyType(assessments),
        _catalogues=catalogues,
        _by_check=_index_by_check(pairs, catalogues),
        _by_control=_index_by_control(pairs),
    )


def _required(files: Mapping[str, DataFile], name: str) -> DataFile:
    if name not in files:
        raise MappingError(name, 1, "the file is missing")
    return files[name]


def _read_frameworks(file: DataFile) -> tuple[Framework, ...]:
    frameworks: dict[str, Framework] = {}
    for record in file.records(("id", "title", "publisher", "version", "link", "note")):
        framework = Framework(**record.fields)
        _demand_values(record, *record.fields)
        record.demand(framework.id not in frameworks, f"framework {framework.id} is listed twice")
        frameworks[framework.id] = framework
    return tuple(frameworks.values())


def _read_catalogue(file: DataFile) -> tuple[Control, ...]:
    controls: dict[str, Control] = {}
    for record in file.records(("control_id", "title", "parent", "kind", "coverage")):
        control_id, title, parent, kind, stated = record.fields.values()
        is_group, coverage = kind == "group", _COVERAGES.get(stated)
        _demand_values(record, "control_id")
        record.demand(kind in {"control", "group"}, f"kind is {kind!r}, neither control nor group")
        record.demand(control_id not in controls, f"control {control_id} is listed twice")
        record.demand(not parent or parent in controls, f"parent {parent} does not stand above {control_id}")
        record.demand(is_group or coverage, f"coverage is {stated!r}, none of {', '.join(_COVERAGES)}")
        record.demand(not is_group or not stated, "a group has no coverage of its own")
        controls[control_id] = Control(control_id, title, parent or None, is_group, coverage)
    return tuple(controls.values())


def _read_rows(files: Iterable[DataFile], catalogues: _Catalogues) -> tuple[MappingRow, ...]:
    mappable = {framework: _mappable(catalogue) for framework, catalogue in catalogues.items()}
    rows: dict[_Pair, MappingRow] = {}
    for file in files:
        for record in file.records(("framework", "control_id", "check_id", "source")):
            row = MappingRow(**record.fields)
            _demand_values(record, "check_id", "source")
            record.demand(row.framework in mappable, f"there is no framework {row.framework!r}")
            _demand_controls(record, row.framework, {row.control_id}, mappable[row.framework])
            pair = (row.framework, row.control_id, row.check_id)
            record.demand(pair not in rows, f"{row.check_id} is mapped to {row.control_id} twice")
            rows[pair] = row
    return tuple(rows.values())


def _read_assessments(file: DataFile, catalogues: _Catalogues) -> dict[str, Assessment]:
    mappable = _mappable(catalogues.get(ASSESSMENT_FRAMEWORK, ()))
    assessments: dict[str, Assessment] = {}
    for record in file.records(("assessment_key", "display_name", "severity", "resource_type", "mcsb")):
        key, name, severity, resource_type, mcsb = record.fields.values()
        controls = tuple(mcsb.split(";"))
        _demand_values(record, "display_name")
        record.demand(_is_guid(key), f"{key!r} is not a GUID in lower case")
        record.demand(key not in assessments, f"assessment {key} is listed twice")
        record.demand(severity in _SEVERITIES, f"severity {severity!r} is not one of Microsoft's")
        _demand_controls(record, ASSESSMENT_FRAMEWORK, set(controls), mappable)
        record.demand(len(set(controls)) == len(controls), "a control is named twice")
        assessments[key] = Assessment(key, name, severity, resource_type, controls)
    return assessments


def _demand_values(record: Record, *columns: str) -> None:
    for column in columns:
        record.demand(record.fields[column] != "", f"{column} is empty")


def _demand_controls(record: Record, framework: str, named: set[str], mappable: frozenset[str]) -> None:
    for control_id in sorted(named):
        record.demand(control_id in mappable, f"{framework} has no control {control_id!r} to map to")


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _mappable(catalogue: tuple[Control, ...]) -> frozenset[str]:
    return frozenset(control.id for control in catalogue if not control.is_group)


def _index_by_check(
    pairs: Iterable[_Pair], catalogues: _Catalogues
) -> dict[str, Mapping[str, tuple[str, ...]]]:
    place = {
        (framework, control.id): position
        for framework, catalogue in catalogues.items()
        for position, control in enumerate(catalogue)
    }
    order = {framework: position for position, framework in enumerate(catalogues)}
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for framework, control_id, check_id in sorted(pairs, key=lambda pair: (order[pair[0]], place[pair[:2]])):
        found[check_id][framework].append(control_id)
    return {
        check_id: MappingProxyType({framework: tuple(ids) for framework, ids in by_framework.items()})
        for check_id, by_framework in found.items()
    }


def _index_by_control(pairs: Iterable[_Pair]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for framework, control_id, check_id in pairs:
        found[framework, control_id].append(check_id)
    return {control: tuple(sorted(checks)) for control, checks in found.items()}
