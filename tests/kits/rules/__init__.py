"""An officer's day told record by record, and the five rulebooks that judge it."""
