"""Losses in nats, per position, and the named ways to average them."""
