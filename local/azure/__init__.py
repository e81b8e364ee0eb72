"""The simulated Azure: Entra, Resource Manager and key vault in one process, for tests and the demo.

It invents nothing about Azure: bodies follow Microsoft's published REST API specification and error
references.
"""

from local.azure.server import SimulatedAzure

__all__ = ["SimulatedAzure"]
