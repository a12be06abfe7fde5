"""Floor 2: durable SQL behind one port (port.py) with three makes: memory, SQLite, PostgreSQL.

The port speaks in domain words; no SQL type crosses it. Here belong the schema, the hand-written hot
statements and the migrations; decisions about what to write do not.
"""
