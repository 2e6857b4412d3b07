"""The rows of the table: what each event means in each phase.

``rows`` is the shape, which cannot leave a phase out; ``officer`` holds the buttons' events,
``vault`` the vault's, ``body`` those of camera, microphone, voice, battery and time.
"""
