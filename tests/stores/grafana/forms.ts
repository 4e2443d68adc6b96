// SPDX-License-Identifier: Apache-2.0
// The forms of what stands in a dashboard, by Grafana's own types. lib/grafana.py writes constants of these forms below:
// one key too many, or a value of another kind, and it does not compile.
import type { Dashboard, Panel, RowPanel } from "@grafana/schema";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeries,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON has the values of enums, not their names.
type Plain<T> = T extends string
  ? `${T}`
  : T extends (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;
type None = Record<string, never>;

type Whole = Plain<Omit<Dashboard, "panels">>;
type Panels = { row: Plain<RowPanel>; stat: Plain<Panel>; timeseries: Plain<Panel>; flamegraph: Plain<Panel> };
type Options = { stat: Plain<Partial<Stat>>; timeseries: Plain<TimeSeries>; flamegraph: None };
type Custom = { stat: None; timeseries: Plain<TimeSeriesField>; flamegraph: None };
