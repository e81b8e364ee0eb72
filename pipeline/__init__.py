"""The flow, in order: trigger -> sync run -> collectors -> evidence and findings -> stores."""
