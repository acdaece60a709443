-- What Twilio found one too many is tried again a few times, whatever else was tried in between.

-- how often Twilio said so (429) of this recipient; `attempt` also counts what never reached Twilio
ALTER TABLE delivery ADD COLUMN throttled integer NOT NULL DEFAULT 0;
