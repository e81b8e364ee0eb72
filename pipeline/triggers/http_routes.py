"""The table of routes: API.md, one entry a route. Blueprint, `/openapi.json` and tests are made from it."""

from pipeline.triggers.http_connection_routes import CONNECTIONS, SYNC_RUNS
from pipeline.triggers.http_register_routes import APP, CATALOGUE, REGISTER
from pipeline.triggers.http_sign_in import SIGN_IN

ROUTES = (*CONNECTIONS, *SIGN_IN, *SYNC_RUNS, *REGISTER, *CATALOGUE, *APP)
