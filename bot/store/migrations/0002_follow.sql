-- A message is followed from the request to the handset; doubts are resolved; processes agree on
-- how fast Twilio is asked; what is old can be found and removed.

ALTER TABLE send
    -- stands in the address of its status callbacks, so that nobody can guess one
    ADD COLUMN token   text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    -- when Twilio is next asked about messages on their way; null: not any more
    ADD COLUMN look_at timestamptz,
    -- who decided that those in doubt are left as they are
    ADD COLUMN left_by text NOT NULL DEFAULT '';

CREATE INDEX send_unsettled ON send (id) WHERE settled IS NULL;
CREATE INDEX send_look ON send (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX send_retries ON send (retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX send_created ON send (created);

ALTER TABLE delivery
    -- when it was last claimed: Twilio cannot have taken that attempt's message before
    ADD COLUMN attempted timestamptz,
    -- when the present doubt began; next_check is then when Twilio is next looked at for it, and
    -- null once nobody looks any more
    ADD COLUMN doubted   timestamptz,
    -- a page was sent again by itself, which happens once
    ADD COLUMN resent    boolean NOT NULL DEFAULT false;

CREATE INDEX delivery_doubted ON delivery (send_id)
    WHERE state = 'in_doubt' AND next_check IS NOT NULL;

ALTER TABLE card
    -- something changed that no update has taken into account yet
    ADD COLUMN stale   boolean NOT NULL DEFAULT false,
    -- the sender knows of so many who were not surely reached, told so often, last at told_at
    ADD COLUMN told_of integer NOT NULL DEFAULT 0,
    ADD COLUMN notices integer NOT NULL DEFAULT 0,
    ADD COLUMN told_at timestamptz;

UPDATE card SET told_of = s.recipients, notices = 1, told_at = now()
FROM send s WHERE s.id = card.send_id AND card.told;

ALTER TABLE card DROP COLUMN told;

CREATE INDEX card_stale ON card (send_id) WHERE stale;

-- one row: how fast all processes together may ask Twilio
CREATE TABLE pace (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- requests under way at once, all processes together; null: as many as they like
    ceiling    integer CHECK (ceiling > 0),
    lowered    timestamptz NOT NULL DEFAULT '-infinity',
    raised     timestamptz NOT NULL DEFAULT '-infinity',
    -- nobody asks before
    paused     timestamptz NOT NULL DEFAULT '-infinity',
    -- since when no connection has come about; null while they do
    down_since timestamptz
);

INSERT INTO pace DEFAULT VALUES;

-- a send with thousands of recipients changes each of them several times: look again soon
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
