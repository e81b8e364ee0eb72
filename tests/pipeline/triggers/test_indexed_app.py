"""What the host found is known, and nothing else is told."""

import azure.functions as func

from pipeline.triggers.indexed_app import IndexedApp


def app_of_one() -> IndexedApp:
    """Make an app with one function."""
    app = IndexedApp(http_auth_level=func.AuthLevel.FUNCTION)

    @app.route(route="ping")
    def ping(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(req.url)

    return app


def test_nothing_is_indexed_before_the_host_asks() -> None:
    """A declared function is no indexed one."""
    assert app_of_one().indexed == ()


def test_what_the_host_was_given_is_remembered() -> None:
    """By name, and the host still gets it."""
    app = app_of_one()

    assert [one.get_function_name() for one in app.get_functions()] == ["ping"]
    assert app.indexed == ("ping",)
