"""Language stacks of web apps: which one an app runs, and whether its version still gets security fixes."""

import re
from collections.abc import Mapping

from collectors.app_service.reads import CONFIGURATION
from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, JudgeWithin, Rule, judged, not_applicable, unknown

_JAVA_SERVERS = {"java", "tomcat", "jbosseap"}


def stack_version(configuration: Resource, stack: str) -> str | None:
    """Give the version of a stack as the configuration writes it; None if the app does not run it.

    Linux apps write `PYTHON|3.12` or `TOMCAT|10.1-java17` into linuxFxVersion; Windows apps have a field for
    each stack, empty or `Off` where it is not used. What runs in a container the image decides.
    """
    linux = configuration.text("properties.linuxFxVersion") or ""
    if linux:
        name, _, version = linux.lower().partition("|")
        if stack == "java" and name in _JAVA_SERVERS:
            return version.rpartition("java")[2] if "java" in version else version.rpartition("jre")[2]
        return version if name == stack else None
    version = (configuration.text(f"properties.{stack}Version") or "").strip().lower()
    return None if version in {"", "off"} else version


def numbers_of(version: str) -> tuple[int, int] | None:
    """Give major and minor of a version, Java's `1.8` being 8; None where there are none."""
    found = re.match(r"v?(\d{1,9})(?:\.(\d{1,9}))?", version)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2] or 0)
    return (minor, 0) if (major, minor) == (1, 8) or (major, minor) == (1, 7) else (major, minor)


def supported(stack: str, name: str) -> JudgeWithin:
    """Make a judge of one stack's version against the oldest that its makers still mend."""

    def judge(site: Resource, limits: Mapping[str, float]) -> Judgement:
        configuration = site.part("configuration")
        if configuration is None:
            return unknown("Azure has no configuration of the site.")
        version = stack_version(configuration, stack)
        if version is None:
            return not_applicable(f"The app does not run {name}.")
        numbers = numbers_of(version)
        if numbers is None:
            return unknown(f"The version of {name} is {version}, which names no number.", version=version)
        oldest = (int(limits["oldest_major"]), int(limits.get("oldest_minor", 0)))
        reason = f"The app runs {name} {version}."
        return judged(numbers >= oldest, reason, reason, version=version)

    return judge


def _rule(stack: str, name: str, thresholds: Mapping[str, float], how: str) -> Rule:
    check = Check(
        id=f"app_service_{stack}_version_supported",
        title=f"{name} version supported",
        severity="low",
        rationale="A version that its makers no longer mend keeps its holes.",
        remediation=f"Portal: app > Configuration > General settings > Stack settings. CLI: {how}",
        permission=CONFIGURATION.permission,
        thresholds=thresholds,
    )
    return Rule(check, within=supported(stack, name), needs=("configuration",))


# As of late 2026 the makers mend Java 11 (until 2027), PHP 8.2 (until the end of 2026) and Python 3.11 (until
# October 2027) and what is newer. A setting can raise or lower these.
RULES = (
    _rule("java", "Java", {"oldest_major": 11}, "az webapp config set -g <group> -n <app> --java-version 21"),
    _rule(
        "php",
        "PHP",
        {"oldest_major": 8, "oldest_minor": 2},
        "az webapp config set -g <group> -n <app> --linux-fx-version 'PHP|8.4', or --php-version off",
    ),
    _rule(
        "python",
        "Python",
        {"oldest_major": 3, "oldest_minor": 11},
        "az webapp config set -g <group> -n <app> --linux-fx-version 'PYTHON|3.13'",
    ),
)
