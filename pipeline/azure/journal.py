"""What was asked of Azure and how it went: the provenance of an evidence item, and counts for the run."""

from urllib.parse import parse_qsl, urlsplit

from pipeline.model import RequestRecord


class Entry:
    """One read under way: the pages of one list, or one object.

    Args:
        method: GET or POST.
        url: the whole address of the first request.
    """

    def __init__(self, method: str, url: str) -> None:
        parts = urlsplit(url)
        self.method = method
        self.path = parts.path
        self.api_version = api_version_of(url)
        self.status = 0
        self.pages = 0
        self.items = 0
        self.duration_s = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """What the pages of one list have in common."""
        return self.method, self.path.lower(), self.api_version

    def record(self) -> RequestRecord:
        """Give what is kept of it; status 0 means that no answer came."""
        return RequestRecord(
            method=self.method,
            path=self.path,
            api_version=self.api_version,
            status=self.status,
            pages=self.pages,
            items=self.items,
            duration_ms=round(self.duration_s * 1000),
        )


class Journal:
    """The reads of one part, in the order they were first made.

    `requests_sent` counts every request that left, tries and all; `pages_read` the pages that arrived whole;
    `throttled` the answers 429.
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.requests_sent = 0
        self.pages_read = 0
        self.throttled = 0

    def use(self, entry: Entry) -> Entry:
        """Note that this part rests on a read, be it its own or one remembered; gives it back."""
        if entry not in self._entries:
            self._entries.append(entry)
        return entry

    def entry_for(self, method: str, url: str) -> Entry:
        """Give the read a request belongs to: a page of a list seen before, or a new read."""
        new = Entry(method, url)
        known = next((entry for entry in self._entries if entry.key == new.key), None)
        return known or self.use(new)

    def note_page(self, entry: Entry, items: int) -> None:
        """Count a page that arrived whole, with its items."""
        entry.pages += 1
        entry.items += items
        self.pages_read += 1

    def records(self) -> tuple[RequestRecord, ...]:
        """Give what is kept of every read."""
        return tuple(entry.record() for entry in self._entries)


def api_version_of(url: str) -> str:
    """Give the api-version of an address; Microsoft Graph has it in the path instead."""
    parts = urlsplit(url)
    query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    return query.get("api-version") or ("v1.0" if "/v1.0/" in parts.path else "")
