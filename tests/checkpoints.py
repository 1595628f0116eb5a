"""Tiny checkpoints of the public models in the published form: random weights, few layers, narrow ones.

TimesFM 2.5 and TiRex-2 have one size each; a tiny TimesFM is a tiny definition in the place of darts' own.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from darts.utils.likelihood_models.torch import QuantileRegression
from safetensors.torch import save_file

from forecasting.models.foundation.offline import import_offline

CHRONOS_LEVELS = [0.01, *(round(0.05 * step, 2) for step in range(1, 20)), 0.99]
DECILES = [round(0.1 * step, 1) for step in range(1, 10)]


def chronos2_config(**limits: Any) -> dict[str, Any]:
    """`config.json` as Chronos-2 has it, with keys that concern other programs."""
    return {
        "architectures": ["Chronos2Model"],
        "model_type": "t5",
        "torch_dtype": "float32",
        **{"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.1},
        **{"layer_norm_epsilon": 1e-6, "feed_forward_proj": "relu", "rope_theta": 10000.0, "vocab_size": 2},
        "chronos_config": {
            **{"context_length": 512, "output_patch_size": 8, "input_patch_size": 8, "input_patch_stride": 8},
            **{"quantiles": CHRONOS_LEVELS, "use_reg_token": True, "use_arcsinh": True, "max_output_patches": 8},
            "time_encoding_scale": 512,
            **limits,
        },
    }


def write_chronos2(folder: Path, *, seed: int = 0, **limits: Any) -> Path:
    """A checkpoint of Chronos-2 in a folder that is made. limits: of `chronos_config`."""
    config = chronos2_config(**limits)
    make = import_offline("darts.models.forecasting.chronos2_model")._Chronos2Module
    own = {key: value for key, value in config.items() if key in ("d_model", "d_kv", "d_ff", "num_layers", "num_heads")}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = make(
            **own,
            chronos_config=config["chronos_config"],
            input_chunk_length=8,
            output_chunk_length=8,
            likelihood=QuantileRegression(config["chronos_config"]["quantiles"]),
        )
    return _write(folder, module, config)


@contextmanager
def tiny_timesfm() -> Iterator[None]:
    """darts' TimesFM 2.5 two layers deep and 16 wide, while the block lasts."""
    darts = import_offline("darts.models.forecasting.timesfm2p5_model")
    whole = darts._TimesFM2p5Module.config
    stack = whole.stacked_transformers
    tiny = replace(
        whole,
        tokenizer=replace(whole.tokenizer, hidden_dims=16, output_dims=16),
        stacked_transformers=replace(
            stack, num_layers=2, transformer=replace(stack.transformer, model_dims=16, hidden_dims=16, num_heads=2)
        ),
        output_patch_len=8,
        output_quantile_len=32,
        output_projection_point=replace(
            whole.output_projection_point, input_dims=16, hidden_dims=16, output_dims=8 * 10
        ),
        output_projection_quantiles=replace(
            whole.output_projection_quantiles, input_dims=16, hidden_dims=16, output_dims=32 * 10
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(darts._TimesFM2p5Module, "config", tiny)
        yield


def write_timesfm2p5(folder: Path, *, seed: int = 0) -> Path:
    """A checkpoint of TimesFM 2.5; to be written and read within `tiny_timesfm`."""
    make = import_offline("darts.models.forecasting.timesfm2p5_model")._TimesFM2p5Module
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = make(input_chunk_length=32, output_chunk_length=8, likelihood=QuantileRegression(DECILES))
        for name, value in module.named_parameters():
            if name.endswith("scale"):  # made as zeros, which would hide the demand
                torch.nn.init.normal_(value, mean=1.0, std=0.1)
    return _write(folder, module, None)


def tirex2_config() -> dict[str, Any]:
    """`config.json` as TiRex-2 has it."""
    mixer = {"embedding_dim": 16, "num_heads": 2}
    template = {
        "time_mixer": {"model_type": "bi-mlstm", "num_slstm_heads": 2, **mixer},
        "variate_mixer": {"use_flex_attention": False, **mixer},
        **{"dropout": 0.0, "eps": 1e-6},
    }
    return {
        "stack_config": {"templates": {"standard": template}, "recipe": ["standard", "standard"]},
        **{"num_blocks": 2, "embedding_dim": 16, "input_patch_size": 8, "output_patch_size": 8, "quantiles": DECILES},
        "tokenizer_cfg": {"output_patch_size": 8, "input_patch_size": 8, "input_patch_stride": 8},
        "scaler_cfg": {"eps": 1e-6, "use_arcsinh": True},
        **{"h_expand": 2, "context_len": 128, "future_len": 32, "input_ff_dim": 16, "act_func": "SiLU", "dropout": 0.0},
    }


def write_tirex2(folder: Path, *, seed: int = 0) -> Path:
    """A checkpoint of TiRex-2; needs the package tirex-2."""
    config = tirex2_config()
    groups = import_offline("tirex2._state_dict").shared_tensor_groups
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = import_offline("tirex2.model").TiRex2(**config, device="cpu")
    return _write(folder, module, config, leave_out={name for group in groups(module) for name in group[1:]})


def _write(
    folder: Path, module: torch.nn.Module, config: dict[str, Any] | None, *, leave_out: frozenset | set = frozenset()
) -> Path:
    folder.mkdir(parents=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = {name: value.contiguous() for name, value in module.state_dict().items() if name not in leave_out}
    save_file(weights, folder / "model.safetensors")
    return folder
