"""Trackers: verified rows and costs on their way to wandb, mlflow, trackio or TensorBoard. Off by default."""
