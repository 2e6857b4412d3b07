"""The body on a Raspberry Pi: one driver for each port, file by file beside ``hw.fake``.

Third-party drivers (gpiozero, lgpio, picamera2, sounddevice, PyAudio) are imported here and nowhere
else, and only when a board is opened, so that this package can be read, tested and type-checked on
any machine. Each driver is handed the opened device, or the way to open it: ``board`` puts them
together for a Pi, a test bench puts them together with what it has.
"""
