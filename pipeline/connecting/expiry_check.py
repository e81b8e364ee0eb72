"""The setup check `secret_expiry`: when the client secret or certificate ends, and who told that."""

from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.authentication.methods import METHODS
from pipeline.authentication.refusals import CREDENTIALS_PAGE
from pipeline.connecting import setup_probes as probes
from pipeline.connecting.graph_expiry import EndRemark
from pipeline.connecting.secret_expiry import ending_name, expiry_notice
from pipeline.connecting.setup_probes import Outcome
from pipeline.stores.records import ConnectionRecord

if TYPE_CHECKING:
    from pipeline.model import CheckStatus

_NOTHING = EndRemark(detail="")


def check_expiry(connection: ConnectionRecord, now: datetime, remark: EndRemark | None) -> Outcome:
    """Judge how long a connection's credential still lasts.

    Takes the connection, the present, and what else is to be said of the day. Gives `unknown` if nobody told
    the day, `fail` after it, `warn` 30 days ahead of it or if the remark warns.
    """
    credential, remark = connection.credential, remark or _NOTHING
    day = credential.secret_expires_on
    if not METHODS[credential.method].ends:
        return Outcome(status="pass", detail="There is no secret or certificate that could end.")
    if day is None:
        return Outcome(
            status="unknown",
            detail=_joined("Nobody told when the client secret ends.", remark.detail),
            advice=_joined(
                "Look the day up under Certificates & secrets, and enter it together with the secret.",
                remark.advice,
            ),
            portal_page=CREDENTIALS_PAGE,
        )
    notice = expiry_notice(connection, now)
    passed = probes.EXPIRY.passed.replace("{name}", ending_name(credential)).replace("{day}", day)
    status: CheckStatus = "warn" if notice or remark.warns else "pass"
    return Outcome(
        status="fail" if notice and notice.code == "secret_expired" else status,
        detail=_joined(notice.detail if notice else passed, remark.detail),
        advice=_joined(notice.advice if notice else "", remark.advice),
        portal_page=CREDENTIALS_PAGE if status == "warn" else "",
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
