"""How Azure is read: addresses, guard, limits, retries, pages and what refusals mean."""
