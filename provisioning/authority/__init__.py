"""The bureau's authority: what every certificate, signature and broker rests on.

Founding a bureau, its certificates, and what Mosquitto is started with.
"""
