"""Panels: values over time, one number, bars, states over time, tables."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from content import Query, Shown
from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from links import dashboard_of, page_of, runbook

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

type PanelBuilder = Builder[models.Panel]
type Mappings = Sequence[models.ValueMapping]


def lines(
    shown: Shown,
    *,
    is_stacked: bool = False,
    is_stepped: bool = False,
    axis_from: float | None = 0,
    right: tuple[str, str] | None = None,
) -> PanelBuilder:
    """Return a panel of values over time; ``right`` names series, by a pattern, that have an axis and a unit of their own."""
    panel = _of(timeseries.Panel(), shown).fill_opacity(40 if is_stacked else 10).line_width(1)
    panel = panel.color_scheme(_coloured_by(models.FieldColorModeId.PALETTE_CLASSIC))
    panel = panel.legend(_legend()).tooltip(_tooltip()).show_points(common_models.VisibilityMode.NEVER)
    if axis_from is not None:
        panel = panel.axis_soft_min(axis_from)
    if is_stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if is_stepped:
        panel = panel.line_interpolation(common_models.LineInterpolation.STEP_AFTER)
    if len(shown.steps) > 1:
        dashed = common_models.GraphThresholdsStyleMode.DASHED
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashed))
    if right:
        panel = panel.override_by_regexp(right[0], _properties({"custom.axisPlacement": "right", "unit": right[1]}))
    return panel  # type: ignore[no-any-return]


def number(shown: Shown, mappings: Mappings = ()) -> PanelBuilder:
    """Return a panel of one number, or of a word that stands for it."""
    panel = _of(stat.Panel(), shown).color_scheme(_coloured_by(models.FieldColorModeId.THRESHOLDS))
    panel = panel.graph_mode(common_models.BigValueGraphMode.NONE).reduce_options(_last())
    panel = panel.color_mode(common_models.BigValueColorMode.VALUE).text_mode(common_models.BigValueTextMode.VALUE)
    return panel.mappings(list(mappings))  # type: ignore[no-any-return]


def bars(shown: Shown, mappings: Mappings = ()) -> PanelBuilder:
    """Return a panel of the last values, one bar each."""
    panel = _of(bargauge.Panel(), shown).color_scheme(_coloured_by(models.FieldColorModeId.THRESHOLDS))
    panel = panel.orientation(common_models.VizOrientation.HORIZONTAL).reduce_options(_last())
    panel = panel.display_mode(common_models.BarGaugeDisplayMode.BASIC).min(0)
    return panel.mappings(list(mappings))  # type: ignore[no-any-return]


def states(shown: Shown, mappings: Mappings) -> PanelBuilder:
    """Return a panel of states over time, one row a series."""
    panel = _of(statetimeline.Panel(), shown).color_scheme(_coloured_by(models.FieldColorModeId.THRESHOLDS))
    panel = panel.show_value(common_models.VisibilityMode.AUTO).merge_values(merge_values=True)
    panel = panel.fill_opacity(80).line_width(0).row_height(0.8).per_page(20)
    panel = panel.legend(common.VizLegendOptions().show_legend(show_legend=False)).tooltip(_tooltip())
    return panel.mappings(list(mappings))  # type: ignore[no-any-return]


def rows(
    shown: Shown, columns: Mapping[str, str], styles: Mapping[str, Mapping[str, object]], *, sort: str, is_rising: bool = False
) -> PanelBuilder:
    """Return a table of series, joined by their labels.

    Parameters
    ----------
    shown
        What it shows.
    columns
        The fields in their order, and what they are called; ``Value #A`` is the value of the first query. Others are not shown.
    styles
        Properties of columns by what these are called.
    sort, is_rising
        The column that it is sorted by, and whether upwards.

    """
    panel = (
        _of(table.Panel(), shown).align(common_models.FieldTextAlignment.AUTO).inspect(inspect=False).filterable(filterable=True)
    )
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    kept = {"include": {"names": list(columns)}}
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="filterFieldsByName", options=kept))
    order = {"excludeByName": {}, "renameByName": dict(columns), "indexByName": {name: at for at, name in enumerate(columns)}}
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=order))
    panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(desc=not is_rising)])
    for name, properties in styles.items():
        panel = panel.override_by_name(name, _properties(properties))
    return panel  # type: ignore[no-any-return]


def coloured(mappings: Mappings) -> dict[str, object]:
    """Return the properties of a column whose words have colours."""
    return {"mappings": list(mappings), "custom.cellOptions": {"type": "color-text"}}


def leading(*links: dashboard.DashboardLink) -> dict[str, object]:
    """Return the properties of a column whose values lead elsewhere."""
    built = [each.build() for each in links]
    return {"links": [{"title": each.title, "url": each.url, "targetBlank": each.target_blank} for each in built]}


def id_of(title: str) -> int:
    """Return the id of what has a title: links to a panel must not change when another one comes before it."""
    return 1 + zlib.crc32(title.encode()) % 99_991


def _of(panel: Any, shown: Shown) -> Any:  # noqa: ANN401 - builders of panels share their methods, not a type
    panel = panel.id(id_of(shown.title)).title(shown.title).description(shown.help).datasource(DATASOURCE).unit(shown.unit)
    panel = panel.span(shown.width).height(shown.height).no_value(shown.nothing or "nothing")
    steps = [models.Threshold(value=None if at == 0 else value, color=colour) for at, (value, colour) in enumerate(shown.steps)]
    panel = panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    if shown.runbook:
        panel = panel.links([runbook(shown.runbook)])
    if shown.is_by_run:
        run = "${__field.labels.run}"
        panel = panel.data_links([dashboard_of(run), page_of(run)])
    for at, query in enumerate(shown.queries):
        panel = panel.with_target(_target(query, chr(ord("A") + at), is_table=isinstance(panel, table.Panel)))
    return panel


def _target(query: Query, ref_id: str, *, is_table: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref_id).legend_format(query.legend or "__auto").datasource(DATASOURCE)
    target = target.editor_mode(prometheus_models.QueryEditorMode.CODE)
    target = target.instant() if is_table or query.is_instant else target.range()
    return target.format(prometheus_models.PromQueryFormat.TABLE) if is_table else target


def _coloured_by(mode: models.FieldColorModeId) -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(mode)


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(common_models.LegendDisplayMode.LIST)
    return legend.placement(common_models.LegendPlacement.BOTTOM).show_legend(show_legend=True)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _properties(properties: Mapping[str, object]) -> list[models.DynamicConfigValue]:
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in properties.items()]
