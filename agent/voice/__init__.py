"""The recorder's voice: everything that sounds goes through one queue.

``catalog`` holds the words with their Chinese text; ``sentences`` puts them in rows, for every
number, refusal and fault; ``words`` makes a row into sound; ``waiting`` says what sounds next (an
announcement before a tone before a prompt) and ``queue`` plays it. Two sounds never overlap, and an
announcement waits for nothing but the sound that is already in the air: a loudspeaker cannot be
silenced. Nothing here is spoken to a party: those words are the rulebook's (``agent.disclosure``).
"""
