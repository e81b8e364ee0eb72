"""The app starts with whole settings or not at all, and says at once all that is wrong."""

import re
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.configuration.values import is_address, is_schedule
from pipeline.errors import SettingsError
from pipeline.settings import SETTINGS, Settings

GUID = "AAAAAAAA-1111-2222-3333-444444444444"
NEEDED = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "KEY_VAULT_URL": "https://safe.vault.azure.net/",
}


def read(**more: str) -> Settings:
    """Read the settings that are needed, and some more."""
    return Settings.read({**NEEDED, **more})


def faults(**more: str) -> str:
    """Give what is said about faulty settings."""
    with pytest.raises(SettingsError) as caught:
        read(**more)
    return caught.value.detail


class TestWhatIsNeeded:
    """Missing, blank and unresolved settings."""

    def test_two_settings_suffice(self) -> None:
        """Storage and vault are all that must be set; the rest has defaults."""
        settings = read()

        assert (
            settings.key_vault_url,
            settings.daily_schedule,
            settings.hourly_schedule,
            settings.client_id,
            settings.sign_in,
            settings.callers,
        ) == ("https://safe.vault.azure.net", "0 30 2 * * *", "0 5 * * * *", None, None, None)

    def test_each_fault_is_named_once(self) -> None:
        """A storage that two stores share is one fault, not two."""
        assert faults(AzureWebJobsStorage="hello").count("AzureWebJobsStorage") == 1

    def test_every_fault_is_named_at_once(self) -> None:
        """One message names all that is missing or malformed, and what to do."""
        with pytest.raises(SettingsError) as caught:
            Settings.read({"AZURE_CLOUD": "Moon", "DAILY_SCHEDULE": "daily", "READS_IN_FLIGHT": "0"})

        for name in (
            "AzureWebJobsStorage",
            "KEY_VAULT_URL",
            "AZURE_CLOUD",
            "DAILY_SCHEDULE",
            "READS_IN_FLIGHT",
        ):
            assert name in caught.value.detail
        assert "README.md" in caught.value.advice

    def test_blank_is_absent_and_blanks_are_trimmed(self) -> None:
        """A blank setting counts as absent, a padded one as meant."""
        settings = read(AZURE_CLIENT_ID="   ", DAILY_SCHEDULE=" 0 0 3 * * * ")

        assert (settings.client_id, settings.daily_schedule) == (None, "0 0 3 * * *")

    @pytest.mark.parametrize("name", ["KEY_VAULT_URL", "SIGN_IN_CLIENT_SECRET", "AzureWebJobsStorage"])
    def test_an_unresolved_reference_is_said_to_be_one(self, name: str) -> None:
        """A Key Vault reference that Azure did not resolve is reported as that, not as a bad value."""
        said = faults(**{name: "@Microsoft.KeyVault(SecretUri=https://safe.vault.azure.net/secrets/x)"})

        assert f"{name} is an unresolved Key Vault reference" in said
        assert f"{name} must" not in said
        assert "secrets/x" not in said

    @pytest.mark.parametrize("text", [repr, str])
    def test_no_secret_is_shown(self, text: type[str]) -> None:
        """Printed settings hold no key and no secret."""
        settings = read(
            EVIDENCE_STORAGE="AccountName=a;AccountKey=hidden;",
            SIGN_IN_CLIENT_ID=GUID,
            SIGN_IN_CLIENT_SECRET="hidden",
            SIGN_IN_REDIRECT_URL="https://app.example.org/api/sign-in/callback",
        )

        for shown in (settings, settings.tables, settings.sign_in):
            assert "hidden" not in text(shown)


class TestStorage:
    """Where tables and queues are."""

    def test_the_emulator_is_spelled_out(self) -> None:
        """`UseDevelopmentStorage=true` becomes the emulator's published connection string."""
        settings = read(AzureWebJobsStorage="usedevelopmentstorage=TRUE;")

        assert settings.tables == settings.queues
        assert settings.tables.connection_string is not None
        for part in ("AccountName=devstoreaccount1", "127.0.0.1:10000", "127.0.0.1:10001", "127.0.0.1:10002"):
            assert part in settings.tables.connection_string

    def test_evidence_has_its_own_account(self) -> None:
        """`EVIDENCE_STORAGE` keeps the tables; the queue stays with the host."""
        settings = read(EVIDENCE_STORAGE="AccountName=evidence;AccountKey=a2V5")

        assert settings.tables.connection_string == "AccountName=evidence;AccountKey=a2V5"
        assert "devstoreaccount1" in (settings.queues.connection_string or "")

    def test_access_by_identity(self) -> None:
        """Service addresses stand for access by identity, evidence before host."""
        settings = Settings.read(
            {
                "AzureWebJobsStorage__queueServiceUri": "https://host.queue.core.windows.net/",
                "AzureWebJobsStorage__tableServiceUri": "https://host.table.core.windows.net",
                "EVIDENCE_STORAGE__tableServiceUri": "https://evidence.table.core.windows.net",
                "KEY_VAULT_URL": "https://safe.vault.azure.net",
            }
        )

        assert (
            settings.tables.connection_string,
            settings.tables.uri,
        ) == (None, "https://evidence.table.core.windows.net")
        assert settings.queues.uri == "https://host.queue.core.windows.net"
        assert "host.queue" in repr(settings.queues)

    @pytest.mark.parametrize("value", ["secret", "AccountName", "a=b", "AccountName=;x=y", ";;"])
    def test_a_connection_string_must_be_one(self, value: str) -> None:
        """What is no connection string is refused without being shown."""
        said = faults(EVIDENCE_STORAGE=value)

        assert "EVIDENCE_STORAGE must be a storage connection string" in said


class TestClouds:
    """Endpoints."""

    @pytest.mark.parametrize(
        ("name", "hosts"),
        [
            ("AzureCloud", ("login.microsoftonline.com", "management.azure.com", "graph.microsoft.com")),
            (
                "azureusgovernment",
                ("login.microsoftonline.us", "management.usgovcloudapi.net", "graph.microsoft.us"),
            ),
            (
                "AzureChinaCloud",
                ("login.chinacloudapi.cn", "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
            ),
        ],
    )
    def test_a_cloud_has_its_hosts(self, name: str, hosts: tuple[str, str, str]) -> None:
        """Each cloud has its own hosts, and tokens are asked for them."""
        settings = read(AZURE_CLOUD=name)

        assert tuple(f"https://{host}" for host in hosts) == (
            settings.authority_host,
            settings.resource_manager_url,
            settings.graph_url,
        )
        assert (f"https://{hosts[1]}/.default", f"https://{hosts[2]}/.default") == (
            settings.resource_manager_scope,
            settings.graph_scope,
        )

    def test_one_endpoint_may_be_overridden(self) -> None:
        """An overridden address leaves the others, and the scope, as the cloud has them."""
        settings = read(AZURE_RESOURCE_MANAGER_URL="https://127.0.0.1:8443/")

        assert (
            settings.resource_manager_url,
            settings.resource_manager_scope,
        ) == ("https://127.0.0.1:8443", "https://management.azure.com/.default")
        assert settings.graph_url == "https://graph.microsoft.com"

    def test_portal_pages_are_of_the_cloud(self) -> None:
        """A portal page becomes an address in the cloud's own portal; no page, no address."""
        settings = read(AZURE_CLOUD="AzureUSGovernment")

        assert settings.portal_url("#view/x") == "https://portal.azure.us/#view/x"
        assert settings.portal_url("") is None


class TestSingleValues:
    """Addresses, GUIDs, numbers."""

    @pytest.mark.parametrize(
        "value",
        [
            "http://safe.vault.azure.net",
            "safe.vault.azure.net",
            "https://",
            "https://user@host",
            "https://host?x=1",
            "https://host#x",
            "https://host:port",
            "https://[half",
            "https://host/a b",
            "https://höst",
            "ftp://host",
        ],
    )
    def test_an_address_is_https(self, value: str) -> None:
        """Anything but a plain https address is refused."""
        assert "KEY_VAULT_URL must be an https:// address" in faults(KEY_VAULT_URL=value)

    def test_plain_http_stays_on_this_machine(self) -> None:
        """Redirects of the sign-in flow may use http on this machine, and nowhere else."""
        assert is_address("http://localhost:7071/api/sign-in/callback", loopback=True)
        assert not is_address("http://example.org/api/sign-in/callback", loopback=True)
        assert not is_address("http://localhost:7071")

    def test_a_guid_is_a_guid(self) -> None:
        """GUIDs are checked and kept in lower case."""
        assert GUID.lower() == read(AZURE_CLIENT_ID=GUID).client_id
        assert "AZURE_CLIENT_ID must be a GUID" in faults(AZURE_CLIENT_ID="my identity")

    def test_limits_are_numbers(self) -> None:
        """Limits are numbers above 0, whole where counting."""
        limits = read(READS_IN_FLIGHT="3", READ_PATIENCE_S="7.5", READ_PAGE_CAP="10").limits

        assert (
            limits.in_flight,
            limits.patience_s,
            limits.page_cap,
            limits.timeout_s,
            limits.per_second,
        ) == (3, 7.5, 10, 60.0, 25.0)
        for value in ("0", "-1", "2.5", "many", "9999999"):
            assert "READS_IN_FLIGHT must be a whole number" in faults(READS_IN_FLIGHT=value)
        assert "READ_TIMEOUT_S must be a number" in faults(READ_TIMEOUT_S="1e3")


class TestSignIn:
    """The sign-in flow."""

    GOOD: ClassVar = {
        "SIGN_IN_CLIENT_ID": GUID,
        "SIGN_IN_CLIENT_SECRET": "s",
        "SIGN_IN_REDIRECT_URL": "https://app.example.org/api/sign-in/callback",
    }

    def test_is_read_whole(self) -> None:
        """Application, redirect, return addresses and tenant."""
        sign_in = read(
            **self.GOOD, SIGN_IN_RETURN_URLS="https://a.example.org, http://localhost:3000/x"
        ).sign_in

        assert sign_in is not None
        assert (GUID.lower(), "common", ("https://a.example.org", "http://localhost:3000/x")) == (
            sign_in.client_id,
            sign_in.tenant,
            sign_in.return_urls,
        )

    def test_a_part_of_it_is_a_fault(self) -> None:
        """Some of its settings without the others are named."""
        said = faults(SIGN_IN_CLIENT_ID=GUID)

        assert "SIGN_IN_CLIENT_SECRET is missing (sign-in needs it)" in said
        assert "SIGN_IN_REDIRECT_URL is missing" in said

    @pytest.mark.parametrize("tenant", ["organizations", GUID, "contoso.onmicrosoft.com"])
    def test_tenants(self, tenant: str) -> None:
        """A tenant is a word for several, an id or a domain."""
        sign_in = read(**self.GOOD, SIGN_IN_TENANT=tenant).sign_in

        assert sign_in is not None
        assert tenant == sign_in.tenant

    @pytest.mark.parametrize(
        ("name", "value"),
        [("SIGN_IN_TENANT", "my tenant/.."), ("SIGN_IN_RETURN_URLS", "https://a.example.org,javascript:x")],
    )
    def test_malformed(self, name: str, value: str) -> None:
        """A tenant or return address that is none is refused."""
        assert f"{name} must be" in faults(**self.GOOD, **{name: value})


class TestCallers:
    """The callers' tokens."""

    def test_are_read_whole(self) -> None:
        """Audience, tenant, clients and role."""
        callers = read(
            API_AUDIENCE="api://x",
            API_TENANT_ID=GUID,
            API_ALLOWED_CLIENT_IDS=f"{GUID},{GUID}",
            API_REQUIRED_ROLE="R",
        ).callers

        assert callers is not None
        assert (("api://x",), GUID.lower(), (GUID.lower(),) * 2, "R") == (
            callers.audiences,
            callers.tenant_id,
            callers.allowed_client_ids,
            callers.required_role,
        )

    @pytest.mark.parametrize("written", [GUID, f"api://{GUID}", f"{GUID.lower()}, api://{GUID}"])
    def test_a_client_id_is_an_audience_in_two_forms(self, written: str) -> None:
        """Tokens of both versions are for the same application, however it is written."""
        callers = read(API_AUDIENCE=written, API_TENANT_ID=GUID).callers

        assert callers is not None
        assert callers.audiences == (GUID.lower(), f"api://{GUID.lower()}")

    def test_an_audience_needs_a_tenant(self) -> None:
        """An audience alone would accept any tenant's tokens; clients that are none are refused."""
        said = faults(API_AUDIENCE="api://x", API_ALLOWED_CLIENT_IDS="me")

        assert "API_TENANT_ID is missing" in said
        assert "API_ALLOWED_CLIENT_IDS must be a list of GUIDs" in said

    @pytest.mark.parametrize("name", ["API_TENANT_ID", "API_ALLOWED_CLIENT_IDS", "API_REQUIRED_ROLE"])
    def test_no_other_setting_works_without_an_audience(self, name: str) -> None:
        """Who sets one of them believes that tokens are checked."""
        assert "API_AUDIENCE is missing" in faults(**{name: GUID})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("API_AUDIENCE", "*"),
            ("API_AUDIENCE", "my app"),
            ("API_AUDIENCE", ","),
            ("API_REQUIRED_ROLE", "a b"),
            ("API_REQUIRED_ROLE", 'a"b'),
            ("API_REQUIRED_ROLE", "x" * 121),
        ],
    )
    def test_malformed(self, name: str, value: str) -> None:
        """What no token could say is refused at the start, not at every call."""
        good = {"API_AUDIENCE": "api://x", "API_TENANT_ID": GUID}

        assert f"{name} must be" in faults(**{**good, name: value})


class TestOrigins:
    """Whose pages may call from a browser."""

    def test_are_read_exactly(self) -> None:
        """Each is kept as browsers send it; this machine's own may be plain."""
        origins = "https://portal.example.com, https://a.example:8443,http://localhost:3000"

        assert read(PORTAL_ORIGINS=origins).portal_origins == tuple(origins.replace(" ", "").split(","))

    def test_there_are_none_by_default(self) -> None:
        """No page may call unless it was named."""
        assert read().portal_origins == ()

    @pytest.mark.parametrize(
        "value",
        [
            "*",
            "null",
            "https://*.example.com",
            "http://localhost:*",
            "http://portal.example.com",
            "https://portal.example.com/",
            "https://portal.example.com/app",
            "https://Portal.example.com",
            "https://portal.example.com:443",
            "https://portal.example.com:99999",
            "https://user@portal.example.com",
            "portal.example.com",
            "https://good.example.com,*",
        ],
    )
    def test_anything_else_is_refused(self, value: str) -> None:
        """A wildcard would let any page call, and what no browser sends would never match."""
        assert "PORTAL_ORIGINS must be" in faults(PORTAL_ORIGINS=value)


class TestSchedules:
    """NCRONTAB."""

    @pytest.mark.parametrize(
        "value",
        [
            "0 30 2 * * *",
            "*/15 0-30/5 1,2,3 1 JAN-MAR mon",
            "0 0 0 31 12 6",
            "59 59 23 1 1 0",
        ],
    )
    def test_good(self, value: str) -> None:
        """Six fields of numbers, names, ranges, lists and steps."""
        assert is_schedule(value)

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "30 2 * * *",
            "0 30 2 * * * *",
            "60 * * * * *",
            "* 60 * * * *",
            "* * 24 * * *",
            "* * * 0 * *",
            "* * * * 13 *",
            "* * * * * 7",
            "* * * * * MONDAY",
            "*/0 * * * * *",
            "5-1 * * * * *",
            "1- * * * * *",
            "1,, * * * * *",
            "? * * * * L",
            "@hourly",
            "01:00:00",
            "-1 * * * * *",
            "* * * * x *",
            "² * * * * *",
        ],
    )
    def test_bad(self, value: str) -> None:
        """Anything else, even where some parser accepts it."""
        assert not is_schedule(value)

    @given(st.text())
    def test_any_text_is_judged(self, text: str) -> None:
        """Whatever the text is, the answer is yes or no."""
        assert is_schedule(text) in {True, False}


class TestTable:
    """The documented table."""

    def test_names_are_unique_and_explained(self) -> None:
        """Every setting stands once, with a sentence."""
        names = [setting.name for setting in SETTINGS]

        assert len(names) == len(set(names))
        assert all(setting.meaning.endswith(".") for setting in SETTINGS)

    def test_required_are_those_that_are_missed(self) -> None:
        """What the table calls required is what an empty environment lacks."""
        with pytest.raises(SettingsError) as caught:
            Settings.read({})

        missed = set(re.findall(r"(\w+) (?:\(or [^)]*\) )?is missing", caught.value.detail))
        assert {setting.name for setting in SETTINGS if setting.required} == missed


def test_thresholds_of_checks_are_read_as_json() -> None:
    """Numbers by name and check; what is not given keeps its default."""
    settings = Settings.read(
        {**NEEDED, "CHECK_THRESHOLDS": '{"defender_secure_score": {"target_percentage": 90}}'}
    )

    assert settings.thresholds == {"defender_secure_score": {"target_percentage": 90}}


@pytest.mark.parametrize("written", ["90", "[]", '{"a": 1}', '{"a": {"b": "c"}}', "{"])
def test_thresholds_that_are_none_are_refused(written: str) -> None:
    """Anything but numbers by name by check is named as malformed."""
    with pytest.raises(SettingsError, match="CHECK_THRESHOLDS"):
        Settings.read({**NEEDED, "CHECK_THRESHOLDS": written})
