"""The ways to authenticate, and what Entra's refusals mean."""
