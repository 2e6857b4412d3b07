"""Taking recorders in: requests come, certificates, rulebook and clips go back."""
