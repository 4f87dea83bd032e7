"""What can go wrong with a store, in words that say what to do next."""


class StoreError(Exception):
    """The store cannot be opened, read or written. The text is for the operator."""
