"""MLflow (extra `mlflow`): at MLFLOW_TRACKING_URI, by default a file in the study's folder."""

import os
from pathlib import Path
from typing import Any

from aarlab.fleet.tracking.protocol import Run, Sample

RUN = "aarlab.run"
"""The tag by which a run is known again."""


class Mlflow:
    """See Tracker."""

    def __init__(self, folder: Path) -> None:
        """The database lies in `folder` when nothing says where."""
        from mlflow.tracking import MlflowClient

        self._folder = folder
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'mlflow.db'}"
        self._client = MlflowClient(tracking_uri=uri)
        self._run = ""

    def begin(self, run: Run) -> None:
        """As in Tracker."""
        experiment = self._experiment(run.project)
        found = self._client.search_runs([experiment], filter_string=f"tags.`{RUN}` = '{run.id}'")
        if found:
            self._run = found[0].info.run_id
            self._client.update_run(self._run, status="RUNNING")
            return
        made = self._client.create_run(experiment, run_name=run.name, tags={RUN: run.id})
        self._run = made.info.run_id
        for name, value in run.settings.items():
            self._client.log_param(self._run, name, value)

    def log(self, sample: Sample) -> None:
        """As in Tracker."""
        from mlflow.entities import Metric, RunTag

        when = round(sample.time * 1000)
        metrics = [Metric(name, value, when, sample.step) for name, value in sample.numbers.items()]
        tags = [RunTag(f"{name}/{sample.step}", text) for name, text in sample.texts.items()]
        self._client.log_batch(self._run, metrics=metrics, tags=tags)

    def close(self) -> None:
        """As in Tracker."""
        if self._run:
            self._client.set_terminated(self._run)

    def _experiment(self, name: str) -> Any:
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            return known.experiment_id
        return self._client.create_experiment(name, artifact_location=(self._folder / "artifacts").as_uri())
