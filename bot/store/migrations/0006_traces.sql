-- What was asked for can be followed through the log, and what is wrong can be counted cheaply.

-- the id that the log's lines about it bear, from the command to the last callback; empty for what
-- is older than this step
ALTER TABLE send ADD COLUMN trace text NOT NULL DEFAULT '';
ALTER TABLE page ADD COLUMN trace text NOT NULL DEFAULT '';
-- a send that was asked about first bears the id of the command, and not of the answer
ALTER TABLE question ADD COLUMN trace text NOT NULL DEFAULT '';

-- how many are in doubt: counted every few seconds
CREATE INDEX delivery_in_doubt ON delivery (send_id, next_check) WHERE state = 'in_doubt';
