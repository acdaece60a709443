"""Whom *Retry failed* reaches for: who failed, was not sent to again, and has not opted out."""

# Of a send, given by %(send)s. Without those whom a retry of it has reached for already: their fate
# is told there.
_UNRETRIED = """
FROM delivery d
WHERE send_id = %(send)s AND state IN ('failed', 'undelivered', 'canceled', 'suppressed')
  AND NOT EXISTS (
    SELECT 1 FROM send r JOIN delivery again ON again.send_id = r.id
    WHERE r.retry_of = %(send)s AND again.address = d.address
)
"""

# As it stands now, whatever it was when the send was made: a START may have come, or a STOP.
_OUT = """
EXISTS (
    SELECT 1 FROM opt_out o WHERE o.address = d.address AND o.learned <> 'START'
      AND o.sender = (SELECT sender FROM send WHERE id = %(send)s)
)
"""

_RETRIABLE = f"SELECT address, name {_UNRETRIED} AND NOT {_OUT}"

FAILED = f"{_RETRIABLE} ORDER BY position"

LEFT_OUT = f"SELECT count(*) {_UNRETRIED} AND {_OUT}"
"""How many are not reached for because they have opted out."""
