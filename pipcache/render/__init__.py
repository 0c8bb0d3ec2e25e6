"""Values as text for people and as documents for programs; both show the same values.

In come what the commands computed; out go lines. Text of strangers is cleaned of control characters before it
is shown.
"""
