"""From an HTTP request to an answer: control API, faults, Entra, key vault, ARM, request log."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.azure import (
    arm,
    arm_authorization,
    arm_insights,
    arm_resources,
    arm_security,
    arm_subscription,
    authorize,
    control,
    entra,
    graph,
    key_vault,
    managed_identity,
)
from local.azure.entra import EntraCall
from local.azure.faulting import Delivery, deliver, instead, spoil
from local.azure.key_vault import VaultCall
from local.azure.request_log import LogEntry, shown
from local.azure.wire import Answer, Query, Request

if TYPE_CHECKING:
    from aiohttp import web

    from local.azure.faults import Fault
    from local.azure.simulation import Simulation

# These modules declare their routes by being imported.
ENTRA_MODULES = (managed_identity,)
ARM_MODULES = (arm_authorization, arm_insights, arm_resources, arm_security, arm_subscription)
ENTRA_MODULES = (authorize,)


@dataclass(slots=True)
class Reply:
    """What is sent, and to whom."""

    delivery: Delivery
    principal: str | None = None


def ask(simulation: Simulation, request: Request) -> Reply:
    """Ask the service a path belongs to."""
    entra_call = EntraCall(simulation, request, {})
    if found := entra.answer(entra_call):
        return Reply(Delivery(found), entra_call.principal)
    vault_call = VaultCall(simulation, request, {})
    if found := key_vault.answer(vault_call):
        return Reply(Delivery(found), vault_call.principal)
    if graph.holds(request.path):
        return _ask_graph(simulation, request)
    caller = arm.authenticate(simulation, request)
    if isinstance(caller, Answer):
        return Reply(Delivery(caller))
    return Reply(Delivery(arm.answer(simulation, request, caller)), caller.appid)


def _ask_graph(simulation: Simulation, request: Request) -> Reply:
    caller = graph.authenticate(simulation, request)
    if isinstance(caller, Answer):
        return Reply(Delivery(caller))
    return Reply(Delivery(graph.answer(simulation, request, caller)), caller.appid)


def ask_with_fault(simulation: Simulation, request: Request, fault: Fault) -> Reply:
    """Let a fault strike: instead of the service, or on the service's answer."""
    caller = arm.authenticate(simulation, request)
    known = None if isinstance(caller, Answer) else caller
    replaced = instead(fault, request, known)
    if replaced:
        return Reply(replaced, known.appid if known else None)
    reply = ask(simulation, request)
    return Reply(spoil(fault, reply.delivery.answer, simulation.url, request), reply.principal)


async def handle(simulation: Simulation, incoming: web.Request) -> web.StreamResponse:
    """Handle one HTTP request. The log entry is there before the client has the answer."""
    request = await _read(incoming)
    if request.path == control.ROOT or request.path.startswith(f"{control.ROOT}/"):
        return await deliver(incoming, Delivery(control.answer(simulation, request)))
    at, began = time.time(), time.perf_counter()
    fault = simulation.faults.strike(request.method, request.path)
    reply = ask_with_fault(simulation, request, fault) if fault else ask(simulation, request)
    if fault and fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    simulation.log.add(
        LogEntry(
            number=simulation.log.next_number(),
            at=at,
            method=request.method,
            path=request.path,
            query=shown(request.query),
            status=reply.delivery.status,
            principal=reply.principal,
            authorization="Authorization" in request.headers,
            duration_ms=round((time.perf_counter() - began) * 1000, 3),
            fault=fault.kind.value if fault else None,
        )
    )
    return await deliver(incoming, reply.delivery)


async def _read(incoming: web.Request) -> Request:
    query = Query(tuple(incoming.query.items()))
    return Request(incoming.method, incoming.path, query, incoming.headers, await incoming.read())
