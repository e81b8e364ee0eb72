"""Property tests are judged by what they claim, not by how busy the machine is."""

from hypothesis import settings

settings.register_profile("any_machine", parent=settings.default, deadline=None)
settings.load_profile("any_machine")
