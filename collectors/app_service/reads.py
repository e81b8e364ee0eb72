"""What is read of web apps and function apps."""

from collections.abc import Iterable

import msgspec

from collectors.contract import Read
from collectors.declarations.resources import Resource

_WEB = "Microsoft.Web/sites"

SITES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Web/sites",
    api_version="2024-11-01",
    permission=f"{_WEB}/read",
)
# The list answers `siteConfig` with nulls or wrong values (prancer-compliance-test#413), so that the
# configuration has to be read for each site.
CONFIGURATION = Read(path="/{id}/config/web", api_version="2024-11-01", permission=f"{_WEB}/config/read")
# In no list. This is the form without secrets: `authsettingsV2/list` needs config/list/action, not in Reader.
AUTHENTICATION = Read(
    path="/{id}/config/authsettingsV2", api_version="2024-04-01", permission=f"{_WEB}/config/read"
)
# In no list of the subscription.
PUBLISHING = Read(
    path="/{id}/basicPublishingCredentialsPolicies",
    api_version="2024-11-01",
    permission=f"{_WEB}/basicPublishingCredentialsPolicies/read",
)
# The list of sites leaves them out, and an endpoint may stand in another subscription than its site.
PRIVATE_ENDPOINTS = Read(
    path="/{id}/privateEndpointConnections",
    api_version="2024-11-01",
    permission=f"{_WEB}/privateEndpointConnections/read",
)
# In no list: what each function asks of its callers.
FUNCTIONS = Read(path="/{id}/functions", api_version="2024-11-01", permission=f"{_WEB}/functions/read")
# The list of sites leaves slots out, and the one list that can hold them is of a resource group. A tier
# without slots answers an empty list here, or that there is none.
SLOTS = Read(path="/{id}/slots", api_version="2024-11-01", permission=f"{_WEB}/slots/read")
SETTINGS_PERMISSION = f"{_WEB}/config/list/action"
"""Reads app settings, with the secrets in them: not in Reader, and not asked for."""


def of_slot(read: Read) -> Read:
    """Give the read of a site as it is of a slot, which is a site of its own with actions of its own."""
    return msgspec.structs.replace(read, permission=read.permission.replace(_WEB, f"{_WEB}/slots"))


def principal_of(assignment: Resource) -> Iterable[str]:
    """Give whom a role was assigned to."""
    return assignment.texts("properties.principalId")


def is_function_app(site: Resource) -> bool:
    """Tell by its kind, a list of words such as `functionapp,linux`, whether a site runs functions."""
    return "functionapp" in (site.text("kind") or "").lower().split(",")


def is_web_app(site: Resource) -> bool:
    """Tell whether a site is any other; Azure gives `app` to a site without a kind."""
    return not is_function_app(site)
