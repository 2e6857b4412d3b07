"""The real programs in processes of their own: started, typed at, looked at, killed."""
