"""The estates of the simulated subscriptions: one module per service, found by existing."""
