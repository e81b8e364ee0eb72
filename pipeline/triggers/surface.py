"""The names of the app's functions: what a deployment must show, and what /health/details compares."""

from pipeline.triggers.http_routes import ROUTES

TIMERS = ("plan_daily_syncs", "plan_hourly_syncs", "resume_sync_runs")
QUEUE_WORKERS = ("run_sync", "give_up_sync")
PREFLIGHT = "preflight"
FUNCTIONS = (*(route.name for route in ROUTES), PREFLIGHT, *TIMERS, *QUEUE_WORKERS)
