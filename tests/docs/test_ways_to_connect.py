"""README's choice of a way to connect: its table is the code's, and so are the values to enter."""

from pipeline.authentication.methods import METHODS
from pipeline.authentication.refusals import Presented
from pipeline.azure.clouds import CLOUDS
from tests.docs.markdown import code_words, rows, section

SECTION = section("README.md", "Which way to connect")
TABLE = {method.strip("`"): (fields, ends) for method, _, fields, ends in rows(SECTION)}


def test_every_way_has_its_row() -> None:
    """Each method that an administrator sets up is there, and none that does not exist."""
    assert METHODS.keys() - {"sign_in"} <= TABLE.keys() <= METHODS.keys()


def test_the_fields_are_those_of_the_requests() -> None:
    """What `auth` holds is told whole, and nothing else."""
    named = {method: set(code_words(fields)) for method, (fields, _) in TABLE.items()}

    assert named == {method: set(METHODS[method].request_type.__struct_fields__) for method in TABLE}


def test_what_ends_is_told() -> None:
    """`never` stands where nothing ends, and only there; a sign-in ends with its person."""
    never = {method for method, (_, ends) in TABLE.items() if ends == "never"}

    assert never == {method for method in TABLE if not METHODS[method].ends} - {"sign_in"}


def test_the_values_of_a_federated_credential() -> None:
    """Each cloud's audience is there, and the issuer as Entra spells it."""
    known = Presented()

    assert [
        cloud.exchange_audience for cloud in CLOUDS.values() if cloud.exchange_audience not in SECTION
    ] == []
    assert known.issuer.replace("TENANT-ID-OF-THE-IDENTITY", "TENANT_ID") in SECTION
    assert known.audience == CLOUDS["AzureCloud"].exchange_audience
