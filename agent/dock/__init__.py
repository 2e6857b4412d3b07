"""The dock: the recorder's only process with the network.

On the cradle it pushes what the vault sealed to the bureau, takes the bureau's receipts off the
wire and hands their bytes to the vault. It owns nothing and decides nothing: it reads sealed
files, keeps no state of a transfer, and what counts as delivered is for the vault to say.
"""
