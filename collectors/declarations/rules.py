"""Rules: a check and how it judges a resource; most are declared with the judges below, none reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from collectors.contract import Check, JsonValue, Status
from collectors.declarations.resources import Resource


class Judgement(NamedTuple):
    """A status, the reason a person reads, and the values that decided."""

    status: Status
    reason: str
    observed: Mapping[str, JsonValue]


type Judge = Callable[[Resource], Judgement]
type JudgeWithin = Callable[[Resource, Mapping[str, float]], Judgement]


class Rule(msgspec.Struct, frozen=True):
    """A check and its judge.

    Args:
        judge: decides from the resource alone.
        needs: names of the parts and shared lists it looks at; one that was refused makes this check, for
            this resource only, `unknown`.
        within: decides with the check's thresholds, in place of `judge`.
    """

    check: Check
    judge: Judge | None = None
    needs: tuple[str, ...] = ()
    within: JudgeWithin | None = None

    def decide(self, resource: Resource, limits: Mapping[str, float] | None = None) -> Judgement:
        """Judge a resource whose needed parts were read.

        Args:
            limits: the check's thresholds as they are set; its defaults if None. They are kept with what
                was observed.
        """
        if self.within is not None:
            limits = self.check.thresholds if limits is None else limits
            judged = self.within(resource, limits)
            return judged._replace(observed={**judged.observed, **limits})
        if self.judge is None:
            raise TypeError(f"{self.check.id} has no judge")
        return self.judge(resource)


def good(reason: str, **observed: JsonValue) -> Judgement:
    """Judge `pass`."""
    return Judgement(Status.PASS, reason, observed)


def bad(reason: str, **observed: JsonValue) -> Judgement:
    """Judge `fail`."""
    return Judgement(Status.FAIL, reason, observed)


def not_applicable(reason: str, **observed: JsonValue) -> Judgement:
    """Judge that the question does not arise."""
    return Judgement(Status.NOT_APPLICABLE, reason, observed)


def unknown(reason: str, **observed: JsonValue) -> Judgement:
    """Judge that what Azure answered does not tell."""
    return Judgement(Status.UNKNOWN, reason, observed)


def manual(reason: str, **observed: JsonValue) -> Judgement:
    """Judge that a person has to look."""
    return Judgement(Status.MANUAL, reason, observed)


def judged(holds: object, yes: str, no: str, **observed: JsonValue) -> Judgement:
    """Judge `pass` with one reason if something holds, else `fail` with another."""
    return good(yes, **observed) if holds else bad(no, **observed)


def must_be_on(path: str, what: str, *, absent: bool | None) -> Judge:
    """Make a judge that demands a flag.

    Args:
        path: dotted path of the flag.
        what: the setting's name, beginning a sentence.
        absent: what Azure documents an absent flag to mean; None where it documents nothing (`unknown`).
    """
    return _flag(path, what, wanted=True, absent=absent)


def must_be_off(path: str, what: str, *, absent: bool | None) -> Judge:
    """Make a judge that demands that a flag is off; arguments as `must_be_on`."""
    return _flag(path, what, wanted=False, absent=absent)


def must_be_one_of(
    path: str, what: str, *, allowed: Iterable[str], others: Iterable[str], absent: str | None
) -> Judge:
    """Make a judge that demands one of several values, whatever their casing.

    Args:
        allowed: the good values.
        others: the other values Azure documents; one that is in neither is `unknown`.
        absent: the value that an absent one means; None where Azure documents nothing (`unknown`).
    """
    good_values = {value.lower() for value in allowed}
    bad_values = {value.lower() for value in others}

    def judge(resource: Resource) -> Judgement:
        found = resource.text(path)
        value = absent if found is None else found
        if value is None:
            return unknown(f"Azure does not say what {what} is.", **{path: None})
        observed: dict[str, JsonValue] = {path: found}
        if found is None and resource.at(path) is not None:
            return unknown(f"{what} has a value this version does not know.", **{path: resource.at(path)})
        if value.lower() in good_values:
            return good(f"{what} is {value}.", **observed)
        if value.lower() in bad_values:
            return bad(f"{what} is {value}.", **observed)
        return unknown(f"{what} is {value}, a value this version does not know.", **observed)

    return judge


def private_endpoint_approved(resource: Resource) -> Judgement:
    """Judge whether a private endpoint is connected and approved; one that is pending carries nothing."""
    connections = resource.objects("properties.privateEndpointConnections")
    states = [one.text("properties.privateLinkServiceConnectionState.status") or "" for one in connections]
    return judged(
        any(state.lower() == "approved" for state in states),
        "An approved private endpoint is connected.",
        "No approved private endpoint is connected.",
        private_endpoints=states,
    )


def _flag(path: str, what: str, *, wanted: bool, absent: bool | None) -> Judge:
    def judge(resource: Resource) -> Judgement:
        found = resource.flag(path)
        observed: dict[str, JsonValue] = {path: resource.at(path)}
        if found is None and resource.at(path) is not None:
            return unknown(f"{what} has a value this version does not know.", **observed)
        value = absent if found is None else found
        if value is None:
            return unknown(f"Azure does not say whether {what} is on.", **observed)
        said = f"{what} is {'on' if value else 'off'}"
        reason = f"{said}." if found is not None else f"{said}: it was never set."
        return judged(value is wanted, reason, reason, **observed)

    return judge
