"""How Twilio speaks; usable without the rest of the project."""
