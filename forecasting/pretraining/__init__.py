"""Training of the pretrained network on generated demand: `python -m forecasting.pretraining`, or `make pretrain`."""
