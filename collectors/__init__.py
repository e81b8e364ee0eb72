"""What we know of each Azure service: one module per service, found by existing (see registry)."""
