"""The engine, sessions, SQLite's rules, and threads.

    database = Database(url)
    with database.begin() as session: …      # one write transaction (BEGIN IMMEDIATE on SQLite)
    with database.read() as session: …       # a read-only look, beside the writer
    await database.in_thread(function, *arguments)        # on the writer's thread (pool: PostgreSQL)
    await database.in_reader(function, *arguments)        # heavy reading, beside the writer

`Database` owns its threads; `close()` ends them. The functions it runs open their own transaction.
"""
