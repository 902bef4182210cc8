"""Authorization of every call: of tasks and functions with their roles, and of AWS services on behalf of the app.

`evaluator` decides, `identities` and `resources` find the policies, `gate` is what every call passes,
`direct` puts it in front of the calls that arrive over HTTP, and `usage` knows which statements a run needed.
"""
