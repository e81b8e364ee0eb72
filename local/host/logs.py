"""Log lines of the host and the app: one line each, with the invocation they belong to."""

import logging
import time
from contextvars import ContextVar
from typing import override

_FORMAT = "[%(asctime)s.%(msecs)03dZ] %(levelname)s %(name)s%(invocation)s: %(message)s"


class InvocationFilter(logging.Filter):
    """Give every record the id of the invocation it was written in.

    Args:
        current: The worker library's context variable; it follows asynchronous functions by the task and
            synchronous ones by their thread.
    """

    def __init__(self, current: ContextVar[str | None]) -> None:
        super().__init__()
        self._current = current

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id and keep the record."""
        invocation_id = self._current.get()
        record.invocation = f" [{invocation_id}]" if invocation_id else ""
        return True


def set_up_logs(current: ContextVar[str | None]) -> None:
    """Write log records from INFO on to standard error.

    The worker library writes a line per call and azure-core one per request: both are quietened to WARNING.

    Args:
        current: Where the id of the running invocation stands.
    """
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(InvocationFilter(current))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("azure", "azure.functions"):
        logging.getLogger(name).setLevel(logging.WARNING)
