"""Cards that remember every write, the power cut at any instant, and a search of what is left."""
