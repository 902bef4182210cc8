"""How EventBridge and EventBridge Scheduler call their targets: with whose permission, how often, and where failures end."""
