"""The engine and an evaluator written by others, asked the same questions.

`requests` makes the questions (its words are in `vocabulary`, its conditions in `conditions`), `peer` asks the other,
`deciding` counts what the answers hang on, `known` recognizes where the other is known to be wrong (`known.yaml`).
"""
