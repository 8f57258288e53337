"""How rollouts are judged, one module for each deployment strategy; `strategies.py` lists them."""
