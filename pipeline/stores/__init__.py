"""Where evidence and secrets are kept: Table Storage and Key Vault, behind small protocols."""
