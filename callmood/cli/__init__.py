"""The commands: one module per command, which parses, calls one function of the library, and prints.

Nothing heavy is imported at the top of these modules, so that ``callmood --help`` answers at once.
"""
