/** Charts as SVG text, the same on every machine. Pure. */
import * as echarts from "echarts";

export interface Line {
  title: string;
  values: readonly number[];
}

export interface Bar {
  title: string;
  value: number;
}

const WIDTH = 1000;
const FONT = "Helvetica, Arial, sans-serif";

/** Lines over named points, the axis logarithmic; and bars, by the same names and colours. */
export function linesAndBars(
  lines: { title: string; unit: string; points: readonly string[]; lines: readonly Line[] },
  bars: { title: string; unit: string; bars: readonly Bar[] },
): string {
  const titles = [...new Set([...lines.lines, ...bars.bars].map(({ title }) => title))];
  const rowHeight = 26;
  const [linesHeight, barsTop] = [330, 450];
  const barsHeight = rowHeight * bars.bars.length;
  const height = barsTop + barsHeight + 60;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const colour = (title: string) => PALETTE[titles.indexOf(title) % PALETTE.length];
  const text = { fontFamily: FONT, color: "#333" };
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    textStyle: text,
    title: [
      { text: lines.title, left: 20, top: 10, textStyle: { ...text, fontSize: 16 } },
      { text: bars.title, left: 20, top: barsTop - 45, textStyle: { ...text, fontSize: 16 } },
    ],
    grid: [
      { left: 70, right: 330, top: 60, height: linesHeight - 40 },
      { left: 330, right: 90, top: barsTop, height: barsHeight },
    ],
    xAxis: [
      { type: "category", data: [...lines.points], boundaryGap: false },
      { type: "value", gridIndex: 1, name: bars.unit, nameLocation: "middle", nameGap: 30 },
    ],
    yAxis: [
      { type: "log", name: lines.unit },
      {
        type: "category",
        gridIndex: 1,
        inverse: true,
        data: bars.bars.map(({ title }) => title),
        axisTick: { show: false },
      },
    ],
    legend: {
      orient: "vertical",
      right: 10,
      top: 60,
      data: lines.lines.map(({ title }) => title),
      textStyle: { ...text, width: 270, overflow: "break" },
    },
    series: [
      ...lines.lines.map(({ title, values }) => ({
        type: "line" as const,
        name: title,
        data: [...values],
        symbolSize: 7,
        itemStyle: { color: colour(title) },
        lineStyle: { width: 2 },
      })),
      {
        type: "bar" as const,
        xAxisIndex: 1,
        yAxisIndex: 1,
        barWidth: 16,
        data: bars.bars.map(({ title, value }) => ({
          value: Math.round(value),
          itemStyle: { color: colour(title) },
          label: {
            show: true,
            position: "right" as const,
            formatter: Math.round(value).toLocaleString("en"),
          },
        })),
      },
    ],
  });
  // Names of classes count the charts of a process.
  const svg = chart.renderToSVGString().replace(/\bzr\d+-/g, "zr-");
  chart.dispose();
  return `${svg}\n`;
}

/** Told apart also by who sees few colours (Okabe and Ito), and two more. */
const PALETTE = [
  ...["#000000", "#999999", "#56b4e9", "#0072b2", "#d55e00"],
  ...["#009e73", "#e69f00", "#cc79a7", "#8c6d31", "#7b4173"],
];
