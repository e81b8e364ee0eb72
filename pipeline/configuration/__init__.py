"""The app settings: their table, and the parsing of their values."""
