"""The function app, which remembers what the Functions host was given to index."""

from typing import Any, override

import azure.functions as func


class IndexedApp(func.FunctionApp):
    """A FunctionApp whose `indexed` are the names that the host found: none before it asked.

    The host asks once, at its start. What does not load is missing, and all of it where the list could not be
    made.
    """

    def __init__(self, http_auth_level: func.AuthLevel) -> None:
        made: Any = super().__init__  # whose constructor is not annotated
        made(http_auth_level=http_auth_level)
        self.indexed: tuple[str, ...] = ()

    @override
    def get_functions(self) -> list[Any]:
        functions: list[Any] = super().get_functions()
        self.indexed = tuple(str(one.get_function_name()) for one in functions)
        return functions
