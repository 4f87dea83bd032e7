"""A small identity provider with real keys, for people who have none at hand.

Enters: a folder of its own, and what a token shall say. Leaves: signed tokens, and the documents by which anybody can
verify them, served over TLS. It is no part of the server: Vestry knows it as it knows any other provider, by what is
registered, and trusts it no more. This room must not know accounts, roles or policies. Start in `home`, then `tokens`.
"""
