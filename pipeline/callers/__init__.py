"""Who calls the API: the callers' bearer tokens, the keys they are signed with, the roles they hold."""
