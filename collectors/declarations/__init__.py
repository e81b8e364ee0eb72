"""How a collector is declared: resources, kinds and rules in, reads, verdicts and evidence out."""
