"""Describes the world to those who use it: `directory.json`, and the settings that point the app at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.people import REDIRECT_URL, RETURN_URL

if TYPE_CHECKING:
    from pathlib import Path

    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject
    from local.azure.world import Application, Subscription


def _application(application: Application) -> JsonObject:
    return {
        "name": application.name,
        "tenant_id": application.tenant_id,
        "client_id": application.client_id,
        "object_id": application.object_id,
        "enabled": application.enabled,
        "special": application.special,
        "secrets": [
            {
                "secret_id": secret.secret_id,
                "client_secret": secret.value,
                "expires_at": secret.expires_at,
                "expired": secret.expired,
            }
            for secret in application.secrets
        ],
    }


def _subscription(subscription: Subscription) -> JsonObject:
    counts = subscription.content.assessments.counts()
    return {
        "name": subscription.name,
        "subscription_id": subscription.subscription_id,
        "tenant_id": subscription.tenant_id,
        "state": subscription.state,
        "defender": subscription.defender,
        "special": subscription.special,
        "assessments": {
            "total": counts.healthy + counts.unhealthy + counts.not_applicable,
            "healthy": counts.healthy,
            "unhealthy": counts.unhealthy,
            "not_applicable": counts.not_applicable,
        },
        "alerts": len(subscription.content.alerts),
        "truth": [
            {"check_id": check_id, "resource_id": resource_id, "status": status}
            for (check_id, resource_id), status in (
                subscription.estate.truth.items() if subscription.estate else ()
            )
        ],
        "roles": [
            {"object_id": entry.principal_id, "role": entry.role.name} for entry in subscription.assignments
        ],
    }


def describe(simulation: Simulation) -> JsonObject:
    """Describe the world as it is now.

    Takes the simulation. Gives tenants, applications with their made-up secrets, subscriptions with counts,
    the control key and the identity header.
    """
    world = simulation.world
    return {
        "url": simulation.url,
        "profile": world.profile,
        "control_key": simulation.control_key,
        "identity_header": simulation.identity_header,
        "tenants": [
            {"tenant_id": tenant.tenant_id, "name": tenant.name, "domain": tenant.domain}
            for tenant in world.tenants
        ],
        "connector": _application(world.connector),
        "identity": _application(world.identity),
        "apis": [
            {"name": api.name, "tenant_id": api.tenant_id, "client_id": api.client_id} for api in world.apis
        ],
        "people": [
            {"name": user.name, "tenant_id": user.tenant_id, "object_id": user.object_id}
            for user in simulation.people.users
        ],
        "applications": [_application(app) for app in world.applications if not app.managed_identity],
        "subscriptions": [_subscription(subscription) for subscription in world.subscriptions],
    }


def settings(simulation: Simulation, ca_bundle: Path) -> JsonObject:
    """Return the content of a local.settings.json that points the app at this simulated Azure."""
    url = simulation.url
    return {
        "IsEncrypted": False,
        "Values": {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "KEY_VAULT_URL": url,
            "AZURE_AUTHORITY_HOST": url,
            "AZURE_RESOURCE_MANAGER_URL": url,
            "MICROSOFT_GRAPH_URL": url,
            "IDENTITY_ENDPOINT": simulation.identity_endpoint,
            "IDENTITY_HEADER": simulation.identity_header,
            "SIGN_IN_CLIENT_ID": simulation.people.application.client_id,
            "SIGN_IN_CLIENT_SECRET": simulation.people.application.secret,
            "SIGN_IN_REDIRECT_URL": REDIRECT_URL,
            "SIGN_IN_RETURN_URLS": RETURN_URL,
            "SSL_CERT_FILE": str(ca_bundle),
            "REQUESTS_CA_BUNDLE": str(ca_bundle),
        },
    }
