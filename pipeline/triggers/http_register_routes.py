"""The routes of the register, of the catalogue behind it, and of the app itself."""

from typing import Any

from pipeline.audit import AuditEntry
from pipeline.connecting.export import ConfigurationExport
from pipeline.errors import NotFound
from pipeline.framework_model import ControlState, FrameworkView
from pipeline.health import HealthDetails, HealthState
from pipeline.model import ChainState, EvidenceItem, Finding, Page
from pipeline.reading.catalogue import CheckView, ServiceView
from pipeline.reading.population import ResourceView
from pipeline.reading.service_states import ServiceState
from pipeline.requests import (
    AuditQuery,
    CheckQuery,
    ControlQuery,
    EvidenceQuery,
    FindingQuery,
    PageQuery,
    ResourceQuery,
)
from pipeline.triggers import http_handlers as handlers
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Route

REGISTER: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="list_evidence",
        method="GET",
        path="evidence",
        handler=handlers.list_evidence,
        request=NoBody,
        query=EvidenceQuery,
        answer=Page[EvidenceItem],
        summary="List evidence items; by default the newest good one of each kind",
        errors=(NotFound,),
    ),
    Route(
        name="get_evidence_item",
        method="GET",
        path="evidence/{evidence_id}",
        handler=handlers.get_evidence_item,
        request=NoBody,
        query=NoQuery,
        answer=EvidenceItem,
        summary="Read an evidence item",
    ),
    Route(
        name="verify_evidence_chain",
        method="GET",
        path="connections/{connection_id}/evidence/verify",
        handler=handlers.verify_evidence_chain,
        request=NoBody,
        query=NoQuery,
        answer=ChainState,
        summary="Walk the digest chain of a connection's evidence",
    ),
    Route(
        name="list_service_states",
        method="GET",
        path="connections/{connection_id}/services",
        handler=handlers.list_service_states,
        request=NoBody,
        query=PageQuery,
        answer=Page[ServiceState],
        summary="List the services of a connection, and why one has findings or none",
    ),
    Route(
        name="list_findings",
        method="GET",
        path="findings",
        handler=handlers.list_findings,
        request=NoBody,
        query=FindingQuery,
        answer=Page[Finding],
        summary="List findings",
        errors=(NotFound,),
    ),
    Route(
        name="list_resources",
        method="GET",
        path="resources",
        handler=handlers.list_resources,
        request=NoBody,
        query=ResourceQuery,
        answer=Page[ResourceView],
        summary="List the resources that were found: the population of every check",
        errors=(NotFound,),
    ),
    Route(
        name="list_control_states",
        method="GET",
        path="frameworks/{framework_id}/controls",
        handler=handlers.list_control_states,
        request=NoBody,
        query=ControlQuery,
        answer=Page[ControlState],
        summary="List the controls of a framework with what the evidence says of each",
    ),
)

CATALOGUE: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="list_frameworks",
        method="GET",
        path="frameworks",
        handler=handlers.list_frameworks,
        request=NoBody,
        query=PageQuery,
        answer=Page[FrameworkView],
        summary="List the frameworks",
    ),
    Route(
        name="list_checks",
        method="GET",
        path="checks",
        handler=handlers.list_checks,
        request=NoBody,
        query=CheckQuery,
        answer=Page[CheckView],
        summary="List the checks and the controls each supports",
    ),
    Route(
        name="list_services",
        method="GET",
        path="services",
        handler=handlers.list_services,
        request=NoBody,
        query=PageQuery,
        answer=Page[ServiceView],
        summary="List the Azure services that can be read, and what reading them takes",
    ),
)

APP: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="export_configuration",
        method="GET",
        path="export/configuration",
        handler=handlers.export_configuration,
        request=NoBody,
        query=PageQuery,
        answer=ConfigurationExport,
        summary="Export what makes the connections again, without any secret",
    ),
    Route(
        name="list_audit_log",
        method="GET",
        path="audit-log",
        handler=handlers.list_audit_log,
        request=NoBody,
        query=AuditQuery,
        answer=Page[AuditEntry],
        summary="List who asked for which change, newest first",
    ),
    Route(
        name="get_health",
        method="GET",
        path="health",
        handler=handlers.get_health,
        request=NoBody,
        query=NoQuery,
        answer=HealthState,
        anonymous=True,
        summary="Ask whether the app can work",
    ),
    Route(
        name="get_health_details",
        method="GET",
        path="health/details",
        handler=handlers.get_health_details,
        request=NoBody,
        query=NoQuery,
        answer=HealthDetails,
        summary="Ask what works and what does not",
    ),
)
