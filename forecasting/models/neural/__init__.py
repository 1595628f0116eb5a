"""N-BEATS and TFT through darts and Lightning: windows, training and prediction as tensors, never as `TimeSeries`."""
