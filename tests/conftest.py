"""Property tests are judged by what they claim, not by how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "any_machine",
    parent=settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any_machine")
