"""What can go wrong with a store, in words that say what to do next."""


class StoreError(Exception):
    """The store cannot be opened, read or written. The text is for the operator."""


class StoreInUse(StoreError):
    """Another process has the store open; it may be about to end, or to answer the operator itself."""
