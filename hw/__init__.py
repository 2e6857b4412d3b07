"""The body of the recorder: what it can feel and do.

``ports`` says in small Protocols what the agent may ask, and ``board`` opens the ports that one
process may see. Behind them are two bodies: ``pi`` has one driver for each port, ``fake`` is a body
without hardware that a person or a test moves with physical verbs: press, dock, break the camera,
cover the speaker. Nothing in here decides anything.
"""
