"""The transaction around one update: handled once, or not at all.

    settle(database, vault, update_id, handle, now) -> Settled

opens one transaction; if the inbox row is already done (or absent) nothing happens; else calls
`handle(session) -> list[Outgoing-like]`, writes each message into the outbox (sealed), marks the
inbox row done, erases its body and lane, and commits. Returns the outbox rows written, so that the
sender need not read them again. Any error rolls everything back and propagates; `note_failure`
then counts the try in a transaction of its own, and parks the row after the fifth.

`take_in(database, vault, updates, now) -> list[Taken]` keeps a whole getUpdates answer in one
commit and returns only those not seen before; `waiting(database, vault)` what a crash left.
"""
