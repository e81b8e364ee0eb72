"""Which operating system a machine runs, as its model says."""

from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, not_applicable, unknown

_DISK = "properties.storageProfile.osDisk.osType"


def operating_system(machine: Resource) -> str | None:
    """Give `linux` or `windows`; None where the model tells neither."""
    found = (machine.text(_DISK) or "").lower()
    if found:
        return found
    profile = machine.at("properties.osProfile")
    kinds = profile if isinstance(profile, dict) else {}
    if kinds.get("linuxConfiguration") is not None:
        return "linux"
    return "windows" if kinds.get("windowsConfiguration") is not None else None


def only_on(wanted: str, judge: Judge) -> Judge:
    """Make a judge that asks only machines of one operating system.

    Args:
        wanted: `linux` or `windows`.
        judge: asks them.
    """

    def asked(machine: Resource) -> Judgement:
        found = operating_system(machine)
        if found is None:
            return unknown("The machine's model does not say which operating system it runs.")
        if found != wanted:
            return not_applicable(f"The machine runs {found.capitalize()}.", operating_system=found)
        return judge(machine)

    return asked
