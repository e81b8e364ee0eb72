"""The flow, in order: trigger -> sync run -> collectors -> evidence and findings -> stores."""

__version__ = "0.1.0"
