"""Puts the guide together: the tables, this app's settings, and the subscriptions asked for."""

from collections.abc import Callable, Mapping

from collectors.contract import Collector
from pipeline.authentication.methods import METHODS
from pipeline.azure.clouds import CLOUDS, Cloud
from pipeline.connecting.guide.fields import fields
from pipeline.connecting.guide.needs import ROLES, graph_permissions
from pipeline.connecting.guide.scripts import Variable, places, script
from pipeline.connecting.guide.views import (
    ConnectGuide,
    GraphPermission,
    GuideStep,
    WayToConnect,
)
from pipeline.connecting.guide.ways import (
    REQUEST_WORDS,
    SUBSCRIPTION_ACCESS_PAGE,
    SUBSCRIPTIONS_PAGE,
    WAYS,
    Step,
    Way,
)
from pipeline.connecting.requests import subscription_ids
from pipeline.requests import ConnectRequest, GuideQuery
from pipeline.settings import Settings

SIGN_IN_MISSING = (
    "This app has no application to sign in to: set SIGN_IN_CLIENT_ID, SIGN_IN_CLIENT_SECRET and "
    "SIGN_IN_REDIRECT_URL."
)


class ConnectGuides:
    """Tells how to connect.

    Args:
        settings: the app's.
        load_collectors: gives every collector by service name.
    """

    def __init__(self, settings: Settings, load_collectors: Callable[[], Mapping[str, Collector]]) -> None:
        self._settings = settings
        # The cloud's own addresses: an override is for this app, not for the Azure CLI of its users.
        self._cloud: Cloud = CLOUDS[settings.cloud.name]
        self._load_collectors = load_collectors

    def guide(self, asked: GuideQuery) -> ConnectGuide:
        """Tell how to connect.

        Takes one method or None for all, and the subscriptions for which the scripts are meant.

        Raises:
            InvalidRequest: a subscription id is no GUID, or there are more than 500.
        """
        chosen = subscription_ids(asked.subscription_ids) if asked.subscription_ids else ()
        collectors = self._load_collectors()
        permissions = graph_permissions(collectors)
        return ConnectGuide(
            fields=fields(ConnectRequest, REQUEST_WORDS, services=tuple(collectors)),
            ways=tuple(
                self._way(name, way, chosen, permissions if way.graph else ())
                for name, way in WAYS.items()
                if asked.method in {None, name}
            ),
        )

    def _way(
        self, name: str, way: Way, chosen: tuple[str, ...], permissions: tuple[GraphPermission, ...]
    ) -> WayToConnect:
        variables = self._variables(way, chosen, permissions)
        reason = SIGN_IN_MISSING if name == "sign_in" and self._settings.sign_in is None else None
        return WayToConnect(
            method=name,
            title=way.title,
            choose_when=way.choose_when,
            available=reason is None,
            reason=reason,
            fields=fields(METHODS[name].request_type, way.words, under="auth"),
            steps=tuple(self._step(number, step, chosen) for number, step in enumerate(way.steps, 1)),
            roles=ROLES,
            graph_permissions=permissions,
            script=script(name, f"Azure Evidence Connector: {way.title}", variables),
            fill_in=tuple(
                one.name for one in variables if one.name in {"subscriptions", "identity"} and not one.value
            ),
        )

    def _variables(
        self, way: Way, chosen: tuple[str, ...], permissions: tuple[GraphPermission, ...]
    ) -> tuple[Variable, ...]:
        cloud = self._cloud
        addresses = {"cloud": cloud.name, "graph_url": cloud.graph}
        if way.takes_identity:
            addresses |= {"authority": cloud.authority, "audience": cloud.exchange_audience}
        variables = [*places(cloud=addresses, subscription_ids=chosen)]
        if way.application:
            variables.append(Variable("application_name", way.application, "is used again if it is there"))
        if way.takes_identity:
            note = "the client ID of the Function App's identity"
            variables.append(Variable("identity", self._settings.client_id or "", note))
        if permissions:
            variables.append(
                Variable("graph", "no", "yes lets Microsoft Entra ID be read: for administrators")
            )
            variables.append(Variable("graph_permissions", tuple(one.name for one in permissions)))
        variables += [Variable(name, value, note) for name, (value, note) in way.more.items()]
        return tuple(variables)

    def _step(self, number: int, step: Step, chosen: tuple[str, ...]) -> GuideStep:
        page = step.page
        if page == SUBSCRIPTION_ACCESS_PAGE:
            page = page.replace("{subscription_id}", chosen[0]) if chosen else SUBSCRIPTIONS_PAGE
        text = step.text.replace("{authority}", self._cloud.authority)
        text = text.replace("{audience}", self._cloud.exchange_audience)
        return GuideStep(number=number, text=text, portal_url=self._settings.portal_url(page))
