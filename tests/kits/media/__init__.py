"""Sound and pictures: made for capture, and decoded again from what a session sealed."""
