"""Every way to connect, in words: when to choose it, what a form asks, what to do in the portal."""

from collections.abc import Mapping

import msgspec

from pipeline.authentication.refusals import APPLICATIONS_PAGE, IDENTITIES_PAGE
from pipeline.connecting.guide.fields import Words

SUBSCRIPTIONS_PAGE = "#view/Microsoft_Azure_Billing/SubscriptionsBlade"
SUBSCRIPTION_ACCESS_PAGE = "#resource/subscriptions/{subscription_id}/users"
GUID = "00000000-0000-0000-0000-000000000000"
APPLICATION = "Azure Evidence Connector"


class Step(msgspec.Struct, frozen=True):
    """One step; `page` is the part of the portal's address after the host."""

    text: str
    page: str = ""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to connect.

    Args:
        application: the name of the application that the script registers; "" for none.
        takes_identity: it uses an identity of the app.
        graph: Microsoft Graph can be read with it.
        more: variables of its script alone: value and when to change it.
    """

    title: str
    choose_when: str
    words: tuple[Words, ...]
    steps: tuple[Step, ...]
    application: str = ""
    takes_identity: bool = False
    graph: bool = True
    more: Mapping[str, tuple[str, str]] = {}


TENANT_ID = Words(
    name="tenant_id",
    label="Directory (tenant) ID",
    help="The tenant of the subscriptions: on the overview of the app registration, or of Microsoft Entra "
    "ID.",
    example=GUID,
)
CLIENT_ID = Words(
    name="client_id",
    label="Application (client) ID",
    help="On the overview of the app registration. Not the Object ID.",
    example=GUID,
)
REGISTER = Step(
    "Microsoft Entra ID > App registrations > New registration: name it, choose 'Accounts in this "
    "organizational directory only', and register. Copy Directory (tenant) ID and Application (client) ID "
    "from its overview into tenant_id and client_id.",
    APPLICATIONS_PAGE,
)
ASSIGN = Step(
    "On each subscription: Access control (IAM) > Add role assignment. Choose Reader, then as member "
    "{member}, and assign. Do the same with Security Reader and Monitoring Reader. A new role can take up "
    "to 30 minutes.",
    SUBSCRIPTION_ACCESS_PAGE,
)
CONSENT = Step(
    "Only to read Microsoft Entra ID too: on the app registration choose API permissions > Add a permission "
    "> Microsoft Graph > Application permissions, add those listed here, and let an administrator grant "
    "consent.",
    APPLICATIONS_PAGE,
)
NO_PAGE_FOR_CONSENT = Step(
    "Only to read Microsoft Entra ID too: the portal cannot consent for this principal. Run the script with "
    "graph=yes as an administrator who may consent to application permissions."
)


def _assign(member: str) -> Step:
    return Step(ASSIGN.text.replace("{member}", member), ASSIGN.page)


REQUEST_WORDS = (
    Words(name="name", label="Name", help="For you to recognise the connection by.", example="Production"),
    Words(
        name="subscription_ids",
        label="Subscription IDs",
        help="One connection is made for each. A list, or one text with commas.",
        example=GUID,
    ),
    Words(name="frequency", label="Frequency", help="How often evidence is read.", example="daily"),
    Words(
        name="services",
        label="Services",
        help="Which Azure services to read; leave it out for all, those added later included.",
        example="defender",
    ),
    Words(name="sync_now", label="Sync now", help="Whether to start reading at once.", example="true"),
)
"""The fields of the connect request itself."""

WAYS: Mapping[str, Way] = {
    "managed_identity": Way(
        title="Managed identity",
        choose_when="Choose it when the app and the subscriptions are in one tenant: there is no secret at "
        "all.",
        words=(
            Words(
                name="client_id",
                label="Client ID of the identity",
                help="On the overview of the managed identity, not its object ID. Leave it out for the one "
                "that the app uses for its own.",
                example=GUID,
            ),
        ),
        steps=(
            Step(
                "Function App > Identity > User assigned: open the identity and copy its Client ID into "
                "client_id. Leave client_id out if there is only this one.",
                IDENTITIES_PAGE,
            ),
            _assign("the managed identity"),
            NO_PAGE_FOR_CONSENT,
        ),
        takes_identity=True,
    ),
    "federated": Way(
        title="Federated credential",
        choose_when="Choose it when the subscriptions are in another tenant than the app: there is no "
        "secret at all, and either tenant can end the trust.",
        words=(
            msgspec.structs.replace(
                TENANT_ID, help="The tenant of the subscriptions: on the overview of its Microsoft Entra ID."
            ),
            CLIENT_ID,
            Words(
                name="identity_client_id",
                label="Client ID of the app's identity",
                help="The user-assigned identity that the application trusts. Leave it out for the one that "
                "the app uses for its own.",
                example=GUID,
            ),
        ),
        steps=(
            Step(
                "Function App > Identity > User assigned: open the identity. Copy its Client ID into "
                "identity_client_id, and note its Object (principal) ID.",
                IDENTITIES_PAGE,
            ),
            Step(
                "In the tenant of the Function App: Microsoft Entra ID > App registrations > New "
                "registration, 'Accounts in any organizational directory'. Copy Application (client) ID "
                "into client_id.",
                APPLICATIONS_PAGE,
            ),
            Step(
                "Certificates & secrets > Federated credentials > Add credential > Other issuer: Issuer "
                "{authority}/TENANT_ID_OF_THE_FUNCTION_APP/v2.0, Subject identifier the noted Object ID, "
                "Audience {audience}.",
                APPLICATIONS_PAGE,
            ),
            Step(
                "In the tenant of the subscriptions, as an administrator: create the application's service "
                "principal with 'az ad sp create --id CLIENT_ID'. Copy that tenant's ID into tenant_id."
            ),
            _assign("that service principal"),
            NO_PAGE_FOR_CONSENT,
        ),
        application=f"{APPLICATION} (federated)",
        takes_identity=True,
    ),
    "certificate": Way(
        title="Certificate",
        choose_when="Choose it when the app does not run in Azure, or its identity must not be trusted: "
        "nothing but the key's owner can sign in.",
        words=(
            TENANT_ID,
            CLIENT_ID,
            Words(
                name="certificate_pem",
                label="Certificate and private key (PEM)",
                help="Both in one text, the key without a password, RSA of 2,048 bits or more. It is kept "
                "in Key Vault only.",
                example="-----BEGIN CERTIFICATE-----",
                multiline=True,
            ),
        ),
        steps=(
            REGISTER,
            Step(
                "Make a certificate: openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days 365 -subj "
                "'/CN=Azure Evidence Connector' -keyout key.pem -out certificate.pem"
            ),
            Step(
                "Certificates & secrets > Certificates > Upload certificate: choose certificate.pem, never "
                "the key. Copy the whole text of certificate.pem and key.pem into certificate_pem.",
                APPLICATIONS_PAGE,
            ),
            _assign("the application"),
            CONSENT,
        ),
        application=APPLICATION,
    ),
    "client_secret": Way(
        title="Client secret",
        choose_when="Choose it when it must be quick and the tenant still allows client secrets: it ends on "
        "a day that you have to watch.",
        words=(
            TENANT_ID,
            CLIENT_ID,
            Words(
                name="client_secret",
                label="Client secret (Value)",
                help="The Value, which is shown once, not the Secret ID. It is kept in Key Vault only.",
                example="the secret's Value",
            ),
            Words(
                name="secret_expires_on",
                label="Expires on",
                help="The last day of the secret, to be warned before. Left out, it is read from Microsoft "
                "Graph where an administrator consented to Application.Read.All.",
                example="2027-05-01",
            ),
        ),
        steps=(
            REGISTER,
            Step(
                "Certificates & secrets > Client secrets > New client secret. Copy its Value into "
                "client_secret at once, and the day of Expires into secret_expires_on.",
                APPLICATIONS_PAGE,
            ),
            _assign("the application"),
            CONSENT,
        ),
        application=APPLICATION,
        more={"new_secret": ("no", "yes makes another secret; the ones before stay good")},
    ),
    "sign_in": Way(
        title="Sign in with Microsoft",
        choose_when="Choose it to begin at once, without registering anything: it reads what the person who "
        "signs in may read, and ends with that person's access.",
        words=(
            Words(
                name="sign_in_id",
                label="Sign-in",
                help="Of a complete sign-in: the id that POST /sign-in answers. Nobody types it.",
                example="the sign_in_id of the answer",
            ),
        ),
        steps=(
            _assign("the person who will sign in"),
            Step(
                "Call POST /sign-in and open its authorization_url in a browser. Sign in, and accept what is "
                "asked for; where the tenant wants it, an administrator must."
            ),
            Step(
                "Call GET /sign-in/{sign_in_id}: it lists the subscriptions that can be connected. Choose "
                "among them, and send sign_in_id with them."
            ),
        ),
        graph=False,
        more={"person": ("", "the sign-in name of the person; empty for yourself")},
    ),
}
"""By method, from the best to the last resort; a person's own access stands last."""
