"""Lists of Microsoft.Security that are read through azure-mgmt-security, held to the shapes declared here."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
from azure.core.exceptions import DeserializationError

from collectors.contract import Reader
from collectors.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged
    from azure.mgmt.security.aio import SecurityCenter

_UNDESCRIBED = "Microsoft.Security answered a list that its specification does not describe"


def security_center(reader: Reader) -> "SecurityCenter":
    """Give the Microsoft.Security client of azure-mgmt-security, running on the reader's guarded pipeline."""
    # Imported at the first read: every cold start would pay for it, and most invocations read nothing.
    from azure.mgmt.security.aio import SecurityCenter

    return reader.client(SecurityCenter)


async def pages[T](listing: "AsyncItemPaged[object]", item: type[T]) -> AsyncIterator[list[T]]:
    """Stream an SDK's list page by page, each model turned into `item` by its attributes.

    Raises:
        UnexpectedAnswer: the body is no list, or an entry lacks what `item` requires.
    """
    try:
        async for page in listing.by_page():
            yield [msgspec.convert(model, item, from_attributes=True) async for model in page]
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"{_UNDESCRIBED}: {error}.") from error
    except (DeserializationError, TypeError) as error:
        # The SDK quotes the whole page: megabytes, and what an alert tells of people.
        raise UnexpectedAnswer(f"{_UNDESCRIBED} ({type(error).__name__}).") from None
