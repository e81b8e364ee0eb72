"""The app settings that the template makes: the same names as everywhere, and no secret among them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache

from pipeline.configuration.table import SETTINGS
from tests.infra.bicep import FILES, INFRA, Node, Template, written

OF_THE_HOST = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
}
"""Read by the Functions host alone."""
NOT_MADE = {
    "AzureWebJobsStorage": "holds a key; the template gives access by identity",
    "EVIDENCE_STORAGE": "holds a key; the host storage keeps the evidence too",
    "EVIDENCE_STORAGE__tableServiceUri": "the host storage keeps the evidence too",
    "AZURE_AUTHORITY_HOST": "follows from AZURE_CLOUD",
    "AZURE_RESOURCE_MANAGER_URL": "follows from AZURE_CLOUD",
    "MICROSOFT_GRAPH_URL": "follows from AZURE_CLOUD",
    "SSL_CERT_FILE": "local work only",
    "REQUESTS_CA_BUNDLE": "local work only",
    "SYNC_DEADLINE_S": "its default fits host.json",
    "SYNC_LEASE_S": "its default fits",
    "READS_IN_FLIGHT": "its default fits",
    "READS_PER_SECOND": "its default is Azure's own",
    "READ_PATIENCE_S": "its default fits",
    "READ_TIMEOUT_S": "its default fits",
    "READ_PAGE_CAP": "its default fits",
    "CHECK_THRESHOLDS": "given with extraSettings by those who want others",
    "API_REQUIRED_ROLE": "given with extraSettings by those who have a role of their own",
    "SIGN_IN_TENANT": "given with extraSettings by those who do not want its default",
}
"""Settings that the template leaves alone, and why; `extraSettings` sets any of them."""
_KEYS = re.compile(r"AccountKey=|listKeys|SharedAccessSignature|InstrumentationKey=|[Pp]assword|sig=")


def _names(node: Node) -> Iterator[str]:
    for found in written(node):
        if isinstance(found, dict):
            yield from found


def _made() -> set[str]:
    template = Template.read(INFRA / "modules" / "function-app.bicep")
    settings = next(one for one in template.resources if one.symbol == "settings")
    return set(_names(settings.body["properties"]))


def test_every_setting_is_made_or_left_alone_for_a_reason() -> None:
    """A setting that the code learns must be decided on here, and one that it forgets is found."""
    assert (_made() - OF_THE_HOST) | set(NOT_MADE) == {setting.name for setting in SETTINGS}


def test_no_setting_is_both_made_and_left_alone() -> None:
    """The list of reasons holds only what the template does not make."""
    assert _made() & set(NOT_MADE) == set()


def test_no_key_or_secret_is_written_or_put_out() -> None:
    """No template asks for a key, makes a connection string with one, or puts one out."""
    assert [(file.name, found.group()) for file in FILES if (found := _KEYS.search(file.read_text()))] == []


def test_secrets_come_by_reference_only() -> None:
    """The one secret among the settings is a reference that the platform resolves by the app's identity."""
    text = (INFRA / "modules" / "function-app.bicep").read_text()
    secrets = [line.strip() for line in text.splitlines() if re.match(r"\s+\w*SECRET\w*:", line)]

    assert [line.partition(":")[0] for line in secrets] == ["SIGN_IN_CLIENT_SECRET"]
    assert "@Microsoft.KeyVault(SecretUri=" in secrets[0]


@cache
def _parameters() -> Mapping[str, Mapping[str, Node]]:
    return Template.read(INFRA / "main.bicep").tree["parameters"]


def _filled_in() -> dict[str, tuple[str, str | None]]:
    """Give for each parameter the variable that azd takes, and what stands there where it is not set."""
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    found = {name: re.fullmatch(r"\$\{(\w+)(?:=([^}]*))?\}", one["value"]) for name, one in given.items()}
    return {name: (one[1], one[2]) for name, one in found.items() if one}


def test_the_parameters_file_names_parameters_that_there_are() -> None:
    """Each entry that azd fills from its environment is a parameter of the template."""
    assert set(_filled_in()) <= set(_parameters())


def test_what_azd_fills_in_is_a_text_a_number_or_yes_and_no() -> None:
    """Numbers and booleans azd makes of the texts in its environment; lists it took only lately."""
    kinds = {str(_parameters()[name]["type"]) for name in _filled_in()}

    assert kinds == {"string", "int", "bool"}


def test_with_azd_and_without_it_the_defaults_are_the_same() -> None:
    """What is not set in the environment of azd is what the template itself would take."""
    defaults = {name: str(_parameters()[name].get("default")) for name in _filled_in()}
    unset = {name: default for name, (_, default) in _filled_in().items() if default is not None}

    assert {name: value.lower() for name, value in defaults.items() if name in unset} == {
        name: value.lower() for name, value in unset.items()
    }


def test_the_guide_names_every_variable_of_azd() -> None:
    """The guide lists each variable beside the parameter it fills, but for those that azd sets itself."""
    guide = (INFRA.parent / "docs" / "deploy.md").read_text("utf-8")
    own = {name: variable for name, (variable, _) in _filled_in().items() if variable.startswith("EVIDENCE_")}

    assert [name for name, variable in own.items() if f"| `{name}` | `{variable}` |" not in guide] == []
