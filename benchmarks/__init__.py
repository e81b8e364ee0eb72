"""What the app promises about its own cost, measured against programs that do the least possible."""
