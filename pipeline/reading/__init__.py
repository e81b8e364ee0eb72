"""What callers read: the register of evidence and findings, the catalogue, cursors."""
