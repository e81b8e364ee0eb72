"""What the guide answers."""

from typing import Literal

import msgspec

type FieldKind = Literal["text", "list", "date", "choice", "boolean"]


class FieldRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a value must be, read from the type that parses the request; of a list, what each item must be.

    Args:
        pattern: a regular expression, the same in Python and in a browser.
        format: as JSON Schema names it: `uuid`, `date`.
        choices: the values there are.
        min_items: how many a list must have.
    """

    pattern: str | None = None
    format: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    choices: tuple[str, ...] | None = None


class GuideField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form.

    Args:
        name: in the request body, below `auth` for what a way to connect asks.
        path: the same as problems name it, such as `auth.client_id`.
        secret: never show it again, and keep it nowhere.
        multiline: it has many lines.
    """

    name: str
    path: str
    label: str
    help: str
    example: str
    required: bool
    secret: bool
    multiline: bool
    kind: FieldKind
    validation: FieldRules


class GuideStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step by hand: what to do, and the page of the Azure portal where."""

    number: int
    text: str
    portal_url: str | None = None


class GuideRole(msgspec.Struct, frozen=True, kw_only=True):
    """An Azure role to assign at the scope of each subscription; `id` is its role definition's."""

    name: str
    id: str
    why: str


class GraphPermission(msgspec.Struct, frozen=True, kw_only=True):
    """An application permission of Microsoft Graph, which needs an administrator's consent.

    Without it the checks of these services that need it are `unknown`. It has no id here: ids differ between
    clouds, so the script looks them up.
    """

    name: str
    services: tuple[str, ...]


class WayToConnect(msgspec.Struct, frozen=True, kw_only=True):
    """One way to connect.

    Args:
        method: for `auth.method`.
        choose_when: one sentence.
        available: whether this app can use it.
        reason: why not, and what would change it.
        fields: below `auth` in the request.
        steps: the same as the script does, by hand in the portal.
        graph_permissions: optional; empty where none can be used.
        script: bash with the Azure CLI, to paste as it is unless `fill_in` names anything.
        fill_in: the variables in the script's first lines that must be filled in before.
    """

    method: str
    title: str
    choose_when: str
    available: bool
    reason: str | None
    fields: tuple[GuideField, ...]
    steps: tuple[GuideStep, ...]
    roles: tuple[GuideRole, ...]
    graph_permissions: tuple[GraphPermission, ...]
    script: str
    fill_in: tuple[str, ...]


class ConnectGuide(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect subscriptions.

    Args:
        fields: of the connect request itself, beside `auth`.
        ways: the ways to connect, the best first.
    """

    fields: tuple[GuideField, ...]
    ways: tuple[WayToConnect, ...]
