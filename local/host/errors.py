"""The one error that ends a start of the host."""


class StartRefusedError(Exception):
    """Say in one readable message why the host does not start, and what to do."""
