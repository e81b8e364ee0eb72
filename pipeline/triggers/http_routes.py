"""The table of routes: API.md, one entry a route. Blueprint, `/openapi.json` and tests are made from it."""

from pipeline.triggers.http_connection_routes import CONNECTIONS, SYNC_RUNS
from pipeline.triggers.http_register_routes import APP, CATALOGUE, REGISTER

ROUTES = (*CONNECTIONS, *SYNC_RUNS, *REGISTER, *CATALOGUE, *APP)
