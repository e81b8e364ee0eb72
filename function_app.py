"""Composition root: settings -> services -> blueprints. Azure Functions finds `app` here; no logic."""

import logging
import os

import azure.functions as func

from pipeline.services import Services
from pipeline.settings import Settings
from pipeline.triggers import http_api, queue_workers, timers
from pipeline.triggers.indexed_app import IndexedApp

# azure-core logs every request at INFO, which costs money in Application Insights and says nothing new.
logging.getLogger("azure").setLevel(logging.WARNING)

settings = Settings.read(os.environ)
app = IndexedApp(http_auth_level=func.AuthLevel.FUNCTION)
services = Services(settings, functions=lambda: app.indexed)
app.register_functions(http_api.blueprint(services))
app.register_functions(
    timers.blueprint(
        services.sync_runs,
        services.timer_runs,
        services.attempts,
        services.discarded_secrets,
        services.sign_ins,
        daily=settings.daily_schedule,
        hourly=settings.hourly_schedule,
    )
)
app.register_functions(queue_workers.blueprint(services.worker))
