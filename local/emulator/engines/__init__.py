"""Real engines that stand in for parts of the emulator, each at the address that the parent names."""
