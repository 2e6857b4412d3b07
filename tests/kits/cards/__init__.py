"""Small media to be filled, cards that remember every write, and their power cut at any instant."""
