"""Judges rollouts. There is a module for each deployment strategy; `strategies.py` lists the strategies."""
