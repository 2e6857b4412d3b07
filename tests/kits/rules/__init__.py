"""An officer's day told record by record, and judged by the five rulebooks."""
