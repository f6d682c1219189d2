// Wait, use and connect times of the last two minutes, as percentiles of each moment.
import uPlot from 'uplot';
import type { TimesPoint, TimesRow } from '../frames.ts';
import { byId, duration } from './elements.ts';

const pointsShown = 240;
const height = 180;
const kinds = ['wait', 'use', 'connect'] as const;
/** A shorter time would be stretched. */
const leastShownS = 30;
/** Told apart by width and dashes too, not by colour alone. */
const lines: readonly {
  readonly label: string;
  readonly pick: (point: TimesPoint) => number;
  readonly colour: string;
  readonly width: number;
  readonly dash?: number[];
}[] = [
  { label: 'p50', pick: (point) => point.p50, colour: '--p50', width: 2.5 },
  { label: 'p95', pick: (point) => point.p95, colour: '--p95', width: 1.5 },
  { label: 'p99', pick: (point) => point.p99, colour: '--p99', width: 1.5, dash: [5, 3] },
];

/** A colour of the style sheet as it is now, light or dark. */
const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name);

/** The three charts of the selected pool. */
export class Charts {
  readonly #plots = new Map<(typeof kinds)[number], uPlot>();
  #times: TimesRow[] = [];

  constructor() {
    this.#draw();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    const resized = new ResizeObserver(() => {
      for (const [kind, plot] of this.#plots) plot.setSize({ width: byId(kind).clientWidth, height });
    });
    for (const kind of kinds) resized.observe(byId(kind));
  }

  add(times: readonly TimesRow[], whole: boolean): void {
    this.#times = [...(whole ? [] : this.#times), ...times].slice(-pointsShown);
    for (const [kind, plot] of this.#plots) {
      const data = this.#data(kind);
      plot.setData(data);
      this.#tellLatest(kind, plot, data);
    }
  }

  /** Where nobody points at a moment, the legend tells of the last one at which something was recorded. */
  #tellLatest(kind: string, plot: uPlot, [, p50 = []]: uPlot.AlignedData): void {
    const latest = p50.findLastIndex((ms) => ms != null);
    byId(kind).dataset['empty'] = String(latest === -1);
    if (plot.cursor.idx == null && latest !== -1) plot.setLegend({ idx: latest });
  }

  #data(kind: (typeof kinds)[number]): uPlot.AlignedData {
    // Where nothing was recorded there is nothing to draw.
    const of = (pick: (point: TimesPoint) => number) =>
      this.#times.map((row) => (row[kind].n === 0 ? null : pick(row[kind])));
    return [this.#times.map(({ at }) => at / 1_000), ...lines.map(({ pick }) => of(pick))];
  }

  #draw(): void {
    for (const plot of this.#plots.values()) plot.destroy();
    for (const kind of kinds) {
      const axis = {
        stroke: colour('--faint'),
        grid: { stroke: colour('--line'), width: 1 },
        ticks: { show: false },
        font: '11px system-ui, "DejaVu Sans", sans-serif',
      };
      const isRare = kind === 'connect';
      const options: uPlot.Options = {
        width: byId(kind).clientWidth || 300,
        height,
        cursor: { y: false },
        scales: {
          x: { range: (_plot, from, to) => [Math.min(from, to - leastShownS), to] },
          y: { range: (_plot, _low, high) => [0, Math.max(high ?? 0, 0.1) * 1.15] },
        },
        // Between what is usual and what the slowest see.
        bands: [{ series: [3, 1], fill: colour('--band') }],
        padding: [8, 18, 0, 0],
        legend: {
          markers: { width: 2, dash: (_plot, index) => (lines[index - 1]?.dash ? 'dashed' : 'solid') },
        },
        axes: [
          { ...axis, space: 70, size: 28, values: '{HH}:{mm}:{ss}' },
          { ...axis, size: 56, values: (_plot, values) => values.map(duration) },
        ],
        series: [
          { value: (_plot, at) => (at == null ? '' : new Date(at * 1_000).toLocaleTimeString('en-GB')) },
          ...lines.map(({ label, colour: name, width, dash }) => ({
            label,
            stroke: colour(name),
            width,
            ...(dash && { dash }),
            // Opens are rare: points, and lines between neighbours only.
            points: { show: isRare, size: 5, fill: colour(name), dash: [] },
            value: (_plot: uPlot, ms: number | null) => (ms == null ? '–' : duration(ms)),
          })),
        ],
      };
      const plot = new uPlot(options, this.#data(kind), byId(kind));
      this.#plots.set(kind, plot);
    }
  }
}
