"""Suites that several test files run: each says what it needs from them."""
