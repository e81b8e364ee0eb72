"""Subscriptions that are the opposite of the demo's in what a subscription or a tenant has once.

The demo's estate holds good and bad resources of every kind, but only one of each setting: these have it
another way. `well-kept` has everything that should be there, `neglected` nothing of it; in `beginning`
security defaults do what policies do elsewhere, and plans are paid for without a standard. They have few
resources: what nothing is written down about does not arise.
"""
