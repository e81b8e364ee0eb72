"""What connecting a subscription takes: checked requests, tried credentials, setup checks, views."""
