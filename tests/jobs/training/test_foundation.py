"""A public model as a member of a stream, from the definition to the published forecast."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from forecasting.errors import ModelError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import overview
from forecasting.jobs.training import train
from forecasting.models.foundation.member import FoundationMember
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.checkpoints import write_chronos2
from tests.contests import make_evidence
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with

ORIGIN = "2024-02-06"


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def name_weights(settings: Settings, path: str = "weights", *, kind: str = "chronos2") -> None:
    define_stream(settings, horizon="1d", models=f'foundation = {{ kind = "{kind}", path = "{path}" }}')


def _ingested(settings: Settings) -> None:
    write_chronos2(settings.home / "weights")
    name_weights(settings)
    deliver(settings, hourly_rows(days=36))
    ingest.run(settings, "usage", until=ORIGIN)


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Five weeks of history of a stream with a tiny Chronos-2 whose answers count, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something asked the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    make_evidence(monkeypatch)
    return begin_with(settings, _ingested)


def test_a_public_model_is_taken_and_forecasts(filled, monkeypatch):
    asked = []
    real = FoundationMember.predict_many

    def predict_many(self, panel, *, origin_columns, length):
        answer = real(self, panel, origin_columns=origin_columns, length=length)
        asked.append((tuple(origin_columns), answer.shape))
        return answer

    monkeypatch.setattr(FoundationMember, "predict_many", predict_many)
    trained = train.run(filled, "usage", origin=ORIGIN)
    assert trained.details["foundation"] == "chronos2 as it is in weights"
    ((kinds, uri),) = ask(filled, "select members, uri from forecast.models")
    assert set(kinds) == {"foundation", "profile"}
    (bundle,) = (Path(filled.models) / uri).glob("bundle.json")
    kept = json.loads(bundle.read_text(encoding="utf-8"))["members"]["foundation"]["config"]
    assert (kept["model"], kept["path"], len(kept["sha256"])) == ("chronos2", "weights", 64)
    # the weights stay where they are
    assert (Path(filled.models) / uri / "foundation.safetensors").stat().st_size < 1_000
    asked.clear()
    published = forecast.run(filled, "usage", origin=ORIGIN)
    assert published.status == "published"
    assert len(asked) > 1  # of the horizon and of held-back origins
    assert all(shape[1:] == (2, 24, 7) for _, shape in asked)
    assert ask(filled, "select count(*) from forecast.forecasts")[0][0] == 48


def test_weights_that_are_not_there_are_one_clear_error_and_nothing_is_fetched(filled):
    shutil.rmtree(filled.home / "weights")
    with pytest.raises(ModelError) as caught:
        train.run(filled, "usage", origin=ORIGIN)
    text = str(caught.value)
    assert text == (
        f"foundation: {filled.home / 'weights'}: expected a folder with config.json and model.safetensors of a "
        "chronos2 model, found no such folder; copy the published files there (nothing is downloaded), or take "
        "foundation out of [models]"
    )
    assert not ask(filled, "select * from forecast.models")
    (filled.home / "weights").mkdir()
    (filled.home / "weights" / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"found no model\.safetensors"):
        train.run(filled, "usage", origin=ORIGIN)
    assert not list((filled.home / "weights").glob("*.safetensors"))


def test_a_check_of_the_definition_finds_missing_weights(filled):
    assert [one.verdict for one in overview.check(filled, ["usage"])] == ["ok"]
    (filled.home / "weights" / "model.safetensors").unlink()
    (found,) = overview.check(filled, ["usage"])
    assert found.verdict == "error"
    assert "found no model.safetensors" in found.message


def test_a_name_on_the_hub_is_a_path_like_any_other(filled):
    name_weights(filled, "amazon/chronos-2")
    with pytest.raises(ModelError, match=rf"{filled.home}/amazon/chronos-2: expected a folder with config.json"):
        train.run(filled, "usage", origin=ORIGIN)


def replace_weights(settings: Settings) -> None:
    shutil.rmtree(settings.home / "weights")
    write_chronos2(settings.home / "weights", seed=1)


def test_other_weights_at_the_same_place_stop_the_forecast_until_the_next_training(filled):
    first = train.run(filled, "usage", origin=ORIGIN)
    replace_weights(filled)
    with pytest.raises(ModelError, match=r"expected the files that this model was made with .* `forecasting train`"):
        forecast.run(filled, "usage", origin=ORIGIN)
    second = train.run(filled, "usage", origin=ORIGIN)
    assert second.details["model"] == f"{first.details['model']}.2"
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "published"


def test_weights_elsewhere_are_another_definition(filled):
    train.run(filled, "usage", origin=ORIGIN)
    elsewhere: Path = filled.home / "other"
    (filled.home / "weights").rename(elsewhere)
    name_weights(filled, str(elsewhere))
    assert train.run(filled, "usage", origin=ORIGIN).status == "published"
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "published"
