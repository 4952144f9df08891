"""What commands do at the desk: services called, their faults put into words.

These modules reach Django's models, so they are loaded by name once Django is set up
(`paifang.runtime.late`).
"""
