"""The policy language: what documents say about requests.

In come policy documents as text, and requests (who wants to do what to which resource, in which context). Out come
typed documents or all their faults, decisions with the statements that made them, AWS's reason for a denial, and
explanations with the smallest change that would have allowed it. The room knows nothing of accounts, HTTP or time:
it is pure, imports only `arn`, `errors` and `limits`, and can be used alone:

>>> from vestry.policy.compile import compile_document
>>> from vestry.policy.decide import Layers, decide, denial_reason
>>> from vestry.policy.document import DocumentKind, parse_document
>>> from vestry.policy.request import Kind, MappingContext, Principal, Request
>>> text = '''{"Version": "2012-10-17", "Statement": {"Sid": "Own", "Effect": "Allow", "Action": "s3:Get*",
...            "Resource": "arn:aws:s3:::home/${aws:username}/*"}}'''
>>> policy = compile_document(parse_document(text, DocumentKind.MANAGED))
>>> ann = Principal(Kind.USER, "111122223333", "arn:aws:iam::111122223333:user/ann")
>>> def ask(action: str, resource: str) -> Request:
...     return Request(ann, action, resource, MappingContext({"aws:username": "ann"}), "111122223333")
>>> decision = decide(ask("s3:GetObject", "arn:aws:s3:::home/ann/notes"), Layers(identity=(policy,)))
>>> decision.outcome.value, decision.layer.value, [rule.sid for rule in decision.statements]
('allowed', 'identity', ['Own'])

Why not, and what would help:

>>> from vestry.policy.explain import explain
>>> from vestry.policy.sentences import sentences
>>> explanation = explain(ask("s3:GetObject", "arn:aws:s3:::home/bob/notes"), Layers(identity=(policy,)))
>>> explanation.reason
' because no identity-based policy allows the s3:GetObject action'
>>> print(*sentences(explanation), sep="\\n")
arn:aws:iam::111122223333:user/ann may not s3:GetObject on arn:aws:s3:::home/bob/notes: nothing in the identity policies allows it.
Identity policies: says nothing about this.
  Statement "Own" (1) (Allow) does not match: Resource is arn:aws:s3:::home/${aws:username}/*, the request has "arn:aws:s3:::home/bob/notes".
The smallest change that would allow it:
  Add to the identity policies: allow s3:GetObject on arn:aws:s3:::home/bob/notes.

Start with `decide`, which is the guide's evaluation logic; then `compile` and `evaluate` below it, `document` beside.
"""
