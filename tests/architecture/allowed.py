"""The few places where a rule of this folder may be broken, each with its reason.

An entry that nothing needs any more fails the tests too, so that this list only shrinks by itself.
"""

BROAD_EXCEPT: dict[tuple[str, str], str] = {
    ("pipeline/triggers/http_calls.py", "serve"): "whatever goes wrong is answered as a problem, and logged",
    ("local/host/worker.py", "Worker._answer"): "a function that ends the process must not end the host",
}
"""(file, function) that may catch Exception or more: only where one task must survive another's failure."""

SUPPRESSIONS: dict[tuple[str, str], str] = {
    ("local/host/worker.py", "noqa: BLE001"): "see BROAD_EXCEPT",
}
"""(file, comment without its hash) that may silence the linter or the type checker."""
