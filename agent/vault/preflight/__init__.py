"""Whether the vault is fit to record, and the check before use on record (使用前检查).

``examination`` gathers what only the vault knows and has the checks of ``agent.preflight`` judge
it; ``admission`` names the few results that refuse a start; ``signing`` puts a whole check into the
device log. Nothing else than what is named there ever stops a recording.
"""
