"""How rollouts are judged, one module for each deployment strategy."""
