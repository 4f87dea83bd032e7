"""The meaning of policies, written once more: naively, without indexes, and short enough to be read aloud.

The engine in `vestry.policy` proves itself against it. Nothing of the engine is used here but the types of its input.
"""
