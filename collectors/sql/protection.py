"""Judges that servers and managed instances share: Defender, and the lowest version of TLS."""

from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, bad, must_be_one_of

# An absent version is no minimum: Azure's own policy 32e6bbec holds such a server non-compliant.
minimum_tls = must_be_one_of(
    "properties.minimalTlsVersion",
    "The minimum TLS version",
    allowed=["1.2", "1.3"],
    others=["None", "1.0", "1.1"],
    absent="None",
)


def of_part(name: str, judge: Judge, absent: Judgement) -> Judge:
    """Make a judge of an object that was read for a resource.

    Takes the name of the part, how it is judged, and what it means that Azure has none.
    """

    def decide(resource: Resource) -> Judgement:
        part = resource.part(name)
        return absent if part is None else judge(part)

    return decide


defender_on = of_part(
    "alerts",
    must_be_one_of(
        "properties.state",
        "The state of Defender for SQL",
        allowed=["Enabled"],
        # New: no policy was ever set (REST specification of security alert policies).
        others=["Disabled", "New"],
        absent=None,
    ),
    bad("Defender for SQL was never set.", alert_policy=None),
)
