"""What the health details tell: timers that ran, connections whose evidence is old, Azure's front doors."""
