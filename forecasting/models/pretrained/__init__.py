"""The pretrained network: it knows how demand behaves before it has seen a stream."""
