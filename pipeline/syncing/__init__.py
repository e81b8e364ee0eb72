"""What one sync run is made of: slots, attempts, findings, its report and its commit."""
