"""The tenant and its objects: by which ids they are known."""

from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import Judge, Judgement


def tenant_scope(resource: Resource) -> str:
    """Give `/tenants/<id>` of the subscription that is read."""
    return f"/tenants/{resource.shared('subscription')[0].text('tenantId')}"


def as_tenant(subscription: Resource) -> JsonObject:
    """Give the tenant of a subscription."""
    scope = tenant_scope(subscription)
    return {"id": scope, "name": scope.rpartition("/")[2], "type": "Microsoft.Graph/tenants"}


def as_user(user: Resource) -> JsonObject:
    """Give a user the id it is known by."""
    return {
        "id": f"{tenant_scope(user)}/users/{user.id}",
        "name": user.text("userPrincipalName") or user.id,
        "type": "Microsoft.Graph/users",
    }


def as_administrator(user: Resource) -> JsonObject:
    """Give a row of the registration report the id of its user."""
    return {**as_user(user), "type": "Microsoft.Graph/userRegistrationDetails"}


def as_application(application: Resource) -> JsonObject:
    """Give an application the id it is known by."""
    return {
        "id": f"{tenant_scope(application)}/applications/{application.id}",
        "name": application.text("displayName"),
        "type": "Microsoft.Graph/applications",
    }


def on(name: str, judge: Judge) -> Judge:
    """Make a judge of the tenant from one that judges a single object of it."""

    def judge_tenant(tenant: Resource) -> Judgement:
        return judge(tenant.shared(name)[0])

    return judge_tenant
