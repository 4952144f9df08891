"""Set-up: who organises, where people go in, what is on, and which tickets there are.

One file per subject. Each verb asks the table of permissions first, checks, keeps, writes the audit
and brings the change into force at the gates.
"""
