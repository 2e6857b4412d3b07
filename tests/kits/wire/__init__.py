"""A real Mosquitto on loopback, and who speaks over it."""
