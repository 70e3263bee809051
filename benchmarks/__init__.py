"""How fast it is: every figure is a ratio to a control that was measured in the same run."""
