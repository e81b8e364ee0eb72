"""How Defender for Cloud is set up on the subscription: plans, contacts, integrations, export."""

from contextlib import suppress

import msgspec

from collectors.contract import Emit, Reader, Reading, Summary
from collectors.declarations.configuration import configuration
from collectors.defender import contact_rules, plan_extensions, plan_rules, setting_rules
from collectors.defender.plans import read_plans
from collectors.defender.reads import SHARED
from collectors.errors import AccessDenied

RULES = (*plan_rules.RULES, *plan_extensions.RULES, *contact_rules.RULES, *setting_rules.RULES)
_CONFIGURATION = configuration(
    "defender", "Defender for Cloud Configuration", [], shared=SHARED, subscription_rules=RULES
)


async def collect(reader: Reader, emit: Emit) -> Summary | Reading:
    """Read and judge the set-up.

    The plans come first: where the subscription never used Defender for Cloud nothing of it can be told, and
    that is one gap. A list that is refused makes only the checks that need it `unknown`.

    Raises:
        ServiceNotEnabled: the subscription was never registered with Microsoft.Security.
    """
    with suppress(AccessDenied):  # each check that needs the plans says so itself
        await read_plans(reader)
    return await _CONFIGURATION.collect(reader, emit)


PART = msgspec.structs.replace(_CONFIGURATION, collect=collect)
