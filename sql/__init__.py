"""SQL, one question a file.

``migrations`` build the schema, ``reports`` are what reports ask, ``frames`` what the library gives an analyst,
``exports`` what is written for other tools.
"""
