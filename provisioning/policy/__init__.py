"""The bureau's rulebook (本单位办法): changing it, signing it, the clips it names."""
