"""Claims about the catalogue: it says what is deployed, in pages, and knows what no row can have."""

from collections.abc import Mapping

import pytest

from collectors.contract import Collector
from pipeline.errors import InvalidRequest, NotFound
from pipeline.reading.catalogue import Catalogue, page_after
from tests.pipeline.triggers.memory_services import COLLECTORS, MAPPINGS


@pytest.fixture
def catalogue() -> Catalogue:
    """Give a catalogue of two services and all frameworks."""
    return Catalogue(lambda: COLLECTORS, lambda: MAPPINGS)


@pytest.fixture(scope="module")
def deployed() -> Catalogue:
    """Give the catalogue of this very app."""
    return Catalogue.of_this_app()


class TestViews:
    """What the lists say."""

    def test_a_check_names_its_controls(self, catalogue: Catalogue) -> None:
        """A check carries what it asks, what cures a failure, and the controls of every framework."""
        (check,) = catalogue.checks(limit=100, position=None).items

        assert check.service == "defender"
        assert check.thresholds == {"percentage": 80.0}
        assert check.controls["iso27001_2022"] == ("A.5.36", "A.8.8")
        assert check.controls["soc2_2017"] == ("CC7.1",)

    def test_a_service_says_what_reading_it_takes(self, catalogue: Catalogue) -> None:
        """Permissions come from the declared reads, each once."""
        service = catalogue.services(limit=1, position=None).items[0]

        assert service.name == "defender"
        assert service.roles == ("Reader",)
        assert service.permissions == ("Microsoft.Security/secureScores/read",)
        assert (service.checks, service.evidence_kinds) == (1, ("defender_kind",))

    def test_a_framework_counts_its_controls(self, catalogue: Catalogue) -> None:
        """Groups are no controls."""
        frameworks = {view.id: view for view in catalogue.frameworks(limit=100, position=None).items}

        assert frameworks["iso27001_2022"].controls == 93

    def test_checks_of_one_service(self, catalogue: Catalogue) -> None:
        """A service without checks has none; a service that is none is named."""
        assert catalogue.checks(limit=100, position=None, service="storage").items == ()
        with pytest.raises(InvalidRequest) as raised:
            catalogue.checks(limit=100, position=None, service="nope")
        assert raised.value.errors == (("service", "must be one of defender, storage"),)

    def test_nothing_is_loaded_before_it_is_asked(self) -> None:
        """Making a catalogue costs nothing, and asking twice loads once."""
        loads: list[str] = []

        def load_collectors() -> Mapping[str, Collector]:
            loads.append("collectors")
            return COLLECTORS

        catalogue = Catalogue(load_collectors, lambda: MAPPINGS)
        before = list(loads)
        catalogue.services(limit=1, position=None)
        catalogue.services(limit=1, position=None)

        assert (before, loads) == ([], ["collectors"])


class TestDemand:
    """What a filter may name."""

    @pytest.mark.parametrize(
        ("service", "framework", "control"),
        [
            (None, None, None),
            ("defender", "soc2_2017", "CC7.1"),
            (None, None, "A.8.8"),
            (None, "iso27001_2022", None),
        ],
    )
    def test_what_exists_is_allowed(
        self, catalogue: Catalogue, service: str | None, framework: str | None, control: str | None
    ) -> None:
        """A control may be named without its framework."""
        catalogue.demand(service=service, framework=framework, control=control)

    @pytest.mark.parametrize(
        ("service", "framework", "control", "fields"),
        [
            ("nope", "nope", "nope", ["service", "framework"]),
            (None, "soc2_2017", "A.8.8", ["control"]),
            (None, "soc2_2017", "CC7", ["control"]),
            (None, None, "nope", ["control"]),
        ],
    )
    def test_what_does_not_exist_is_named(
        self,
        catalogue: Catalogue,
        service: str | None,
        framework: str | None,
        control: str | None,
        fields: list[str],
    ) -> None:
        """A control of another framework, and a group, are none."""
        with pytest.raises(InvalidRequest) as raised:
            catalogue.demand(service=service, framework=framework, control=control)

        assert [field for field, _ in raised.value.errors] == fields

    def test_a_framework_is_found_by_its_id(self, catalogue: Catalogue) -> None:
        """One that is none is not found."""
        assert catalogue.find_framework("mcsb_v1").id == "mcsb_v1"
        with pytest.raises(NotFound):
            catalogue.find_framework("mcsb_v0")


class TestPages:
    """Whole lists are paged by the key of their items."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 10])
    def test_pages_give_every_item_once(self, limit: int) -> None:
        """Whatever the limit, the pages together are the list in its order."""
        items = list("gfedcba")
        seen: list[str] = []
        position: str | None = None
        while True:
            page = page_after(items, str, limit=limit, position=position)
            seen += page.items
            position = page.next_cursor
            if position is None:
                break

        assert seen == items
        assert page.total == 7

    def test_a_position_that_is_gone_is_refused(self) -> None:
        """After a new version of the app, an old position may be none: that is said, not guessed."""
        with pytest.raises(InvalidRequest):
            page_after(["a"], str, limit=1, position="z")


class TestThisApp:
    """The deployed collectors and mappings can be listed."""

    def test_defender_is_a_service(self, deployed: Catalogue) -> None:
        """The main service names its roles and permissions."""
        services = {view.name: view for view in deployed.services(limit=1000, position=None).items}

        assert services["defender"].roles
        assert all(permission.startswith("Microsoft.") for permission in services["defender"].permissions)

    def test_every_check_supports_a_control(self, deployed: Catalogue) -> None:
        """A check that supports no control has no place in an evidence register."""
        checks = deployed.checks(limit=1000, position=None).items

        assert checks
        assert [check.id for check in checks if not check.controls] == []

    def test_every_framework_of_the_contract_is_there(self, deployed: Catalogue) -> None:
        """The ids that portals depend on."""
        ids = {view.id for view in deployed.frameworks(limit=1000, position=None).items}

        assert ids >= {
            "iso27001_2022",
            "soc2_2017",
            "pci_dss_4_0_1",
            "hipaa_security_rule",
            "mcsb_v1",
            "cis_azure_6_0_0",
            "nist_800_53_r5",
            "nist_csf_2_0",
        }
