"""Stands for the Azure CLI: keeps a small directory in a file, records every call, answers as `az` does.

Run as a program by the scripts under test, so it imports nothing of the project. Queries are evaluated as far
as the scripts use JMESPath: a filter of equalities, then a path.
"""

import json
import os
import re
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GRAPH = "00000003-0000-0000-c000-000000000000"
NOTHING = 3

type State = dict[str, Any]
type Row = dict[str, Any]
type Answer = Row | list[Row] | None


def new_state(*, subscriptions: dict[str, str], identity: str, tenant: str, graph: Iterable[str]) -> State:
    """Make a directory: subscriptions with their tenants, and an identity of one tenant."""
    return {
        "calls": [],
        "cloud": "AzureCloud",
        "current": next(iter(subscriptions)),
        "subscriptions": subscriptions,
        "applications": {},
        "principals": [{"appId": identity, "tenant": tenant, "id": str(uuid.uuid4())}],
        "assignments": [],
        "granted": [],
        "fails": {},
        "appRoles": [
            {
                "value": name,
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
                "allowedMemberTypes": ["Application"],
            }
            for name in graph
        ],
    }


def evaluate(query: str, value: Row | list[Row]) -> list[str]:
    """Give the lines that `--output tsv` writes of a query."""
    found = re.match(r"(\w+)?\[\?(.*?)\](\..*)", query)
    if not found:
        return walk(value if isinstance(value, list) else [value], query)
    rows = value[found[1]] if isinstance(value, dict) else value
    wanted = re.findall(r"(\w+)=='([^']*)'", found[2])
    return walk([row for row in rows if all(row.get(name) == text for name, text in wanted)], found[3])


def walk(rows: list[Row], path: str) -> list[str]:
    """Follow a path from each row, through every list on the way."""
    if several := re.fullmatch(r"\.\[(.*)\]", path):
        return ["\t".join(row[name] for name in several[1].split(", ")) for row in rows]
    values: list[Any] = list(rows)
    for name in re.findall(r"\w+", path):
        found = [value.get(name) for value in values]
        values = [one for each in found for one in (each if isinstance(each, list) else [each])]
    return [str(value) for value in values if value is not None]


class Cli:
    """One call.

    Args:
        state: the directory, changed by the call.
        arguments: after `az`.
    """

    def __init__(self, state: State, arguments: list[str]) -> None:
        self._state = state
        options = [place for place, text in enumerate(arguments) if text.startswith("--")]
        self.command = " ".join(arguments[: options[0] if options else None])
        ends = [*options[1:], len(arguments)]
        self._given = {
            arguments[start][2:]: " ".join(arguments[start + 1 : end])
            for start, end in zip(options, ends, strict=True)
        }

    def answer(self) -> tuple[int, list[str]]:
        """Give exit code and lines."""
        if self._state["fails"].get(self.command, 0) > 0:
            self._state["fails"][self.command] -= 1
            return 1, []
        value = getattr(self, self.command.replace(" ", "_").replace("-", "_"))()
        if value is None:
            return NOTHING, []
        if self._given.get("output") == "none":
            return 0, []
        assert self._given["output"] == "tsv"
        return 0, evaluate(self._given["query"], value)

    @property
    def _tenant(self) -> str:
        return str(self._state["subscriptions"][self._state["current"]])

    @property
    def _application(self) -> Row:
        application: Row = self._state["applications"][self._given["id"]]
        return application

    def _part(self, name: str) -> list[Row]:
        part: list[Row] = self._application[name]
        return part

    def cloud_show(self) -> Answer:
        """Give the cloud."""
        return {"name": self._state["cloud"]}

    def cloud_set(self) -> Answer:
        """Choose the cloud."""
        self._state["cloud"] = self._given["name"]
        self._given["output"] = "none"
        return {}

    def account_show(self) -> Answer:
        """Give the current subscription, or another that the person sees."""
        asked = self._given.get("subscription", self._state["current"])
        tenant = self._state["subscriptions"].get(asked)
        return None if tenant is None else {"id": asked, "tenantId": tenant}

    def account_set(self) -> Answer:
        """Choose the subscription."""
        self._state["current"] = self._given["subscription"]
        self._given["output"] = "none"
        return {}

    def ad_app_list(self) -> Answer:
        """Find applications of this tenant by name."""
        [name] = re.findall(r"displayName eq '([^']*)'", self._given["filter"])
        return [
            one
            for one in self._state["applications"].values()
            if (one["displayName"], one["tenant"]) == (name, self._tenant)
        ]

    def ad_app_create(self) -> Answer:
        """Register an application."""
        made = {
            "appId": str(uuid.uuid4()),
            "displayName": self._given["display-name"],
            "tenant": self._tenant,
            "signInAudience": self._given["sign-in-audience"],
            "passwords": [],
            "keys": [],
            "federated": [],
            "requiredResourceAccess": [],
        }
        self._state["applications"][made["appId"]] = made
        return made

    def ad_sp_list(self) -> Answer:
        """Find service principals of this tenant."""
        [app_id] = re.findall(r"appId eq '([^']*)'", self._given["filter"])
        return [
            one
            for one in self._state["principals"]
            if (one["appId"], one["tenant"]) == (app_id, self._tenant)
        ]

    def ad_sp_create(self) -> Answer:
        """Create a service principal in this tenant."""
        made = {"appId": self._given["id"], "tenant": self._tenant, "id": str(uuid.uuid4())}
        self._state["principals"].append(made)
        return made

    def ad_sp_show(self) -> Answer:
        """Give Microsoft Graph, which every tenant has."""
        assert self._given["id"] == GRAPH
        return {"id": "graph-in-this-tenant", "appRoles": self._state["appRoles"]}

    def ad_user_show(self) -> Answer:
        """Give a person."""
        return {"id": f"id-of-{self._given['id']}"}

    def ad_signed_in_user_show(self) -> Answer:
        """Give who is signed in."""
        return {"id": "id-of-myself"}

    def role_assignment_list(self) -> Answer:
        """List what is assigned at a scope."""
        return [one for one in self._state["assignments"] if one["scope"] == self._given["scope"]]

    def role_assignment_create(self) -> Answer:
        """Assign a role; Azure refuses one that is there."""
        made = {
            "id": str(uuid.uuid4()),
            "principalId": self._given["assignee-object-id"],
            "principalType": self._given["assignee-principal-type"],
            "role": self._given["role"],
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{self._given['role']}",
            "scope": self._given["scope"],
        }
        self._state["assignments"].append(made)
        return made

    def ad_app_credential_list(self) -> Answer:
        """List credentials, never what they hold."""
        return self._part("keys" if "cert" in self._given else "passwords")

    def ad_app_credential_reset(self) -> Answer:
        """Add a secret or a certificate; without --append the others would go."""
        assert "append" in self._given
        made = {"displayName": self._given["display-name"], "keyId": str(uuid.uuid4())}
        if "cert" in self._given:
            text = Path(self._given["cert"].removeprefix("@")).read_text()
            self._application["keys"].append({**made, "certificate": text})
            return made
        assert self._given["years"] == "1"
        self._application["passwords"].append({**made, "endDateTime": "2999-05-01T10:00:00Z"})
        return {"password": f"made-up~secret.{len(self._application['passwords'])}"}

    def ad_app_federated_credential_list(self) -> Answer:
        """List federated credentials."""
        return self._part("federated")

    def ad_app_federated_credential_create(self) -> Answer:
        """Trust an identity."""
        made = {"id": str(uuid.uuid4()), **json.loads(self._given["parameters"])}
        self._application["federated"].append(made)
        return made

    def ad_app_permission_list(self) -> Answer:
        """List what an application says that it needs."""
        return self._part("requiredResourceAccess")

    def ad_app_permission_add(self) -> Answer:
        """Add to it, also what is there already."""
        identifier, kind = self._given["api-permissions"].split("=")
        access = {"resourceAppId": self._given["api"], "resourceAccess": [{"id": identifier, "type": kind}]}
        self._application["requiredResourceAccess"].append(access)
        return {}

    def rest(self) -> Answer:
        """Read and add consents of a service principal."""
        if self._given["method"] == "post":
            self._state["granted"].append({"url": self._given["url"], **json.loads(self._given["body"])})
            return {}
        return {"value": [one for one in self._state["granted"] if one["url"] == self._given["url"]]}


def main() -> int:
    """Answer one call."""
    file = Path(os.environ["AZURE_CLI_STATE"])
    state = json.loads(file.read_text())
    assert sys.stdin.read() == "", "a script that is pasted must not be read by what it calls"
    call = Cli(state, sys.argv[1:])
    state["calls"].append(call.command)
    code, lines = call.answer()
    file.write_text(json.dumps(state))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
