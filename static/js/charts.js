/* Draws declared charts: every [data-chart] names a JSON script with its spec (docs/look.md,
   "Charts"). ECharts is fetched only when a chart comes near the screen. */

const said = JSON.parse(document.getElementById("ui-words").textContent);
const language = document.documentElement.lang || "en";
const drawn = new Map();
let library;

const load = () => {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.documentElement.dataset.echarts;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
};

// --- words for figures -------------------------------------------------------------------------
const grouped = new Intl.NumberFormat("en-IN");
const fixed = (value) => value.toFixed(2).replace(/\.?0+$/, "");
const shortRupees = (paise) => {
  const size = Math.abs(paise) / 100;
  const sign = paise < 0 ? "-" : "";
  if (size >= 1e7) return `${sign}₹${fixed(size / 1e7)} ${said.crore}`;
  if (size >= 1e5) return `${sign}₹${fixed(size / 1e5)} ${said.lakh}`;
  return `${sign}₹${grouped.format(Math.round(size))}`;
};
const say = (value, unit) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  if (unit === "paise") return shortRupees(value);
  if (unit === "bp") return `${fixed(value / 100)}%`;
  const text = grouped.format(Math.round(value * 100) / 100);
  return unit === "days" || unit === "pieces" ? `${text} ${said[unit]}` : text;
};
const brief = (value, unit) => {
  const size = Math.abs(unit === "paise" ? value / 100 : value);
  const sign = value < 0 ? "-" : "";
  const steps = [[1e7, said.briefCrore], [1e5, said.briefLakh], [1e3, said.briefThousand]];
  const [step, word] = steps.find(([least]) => size >= least) ?? [1, ""];
  return `${sign}${Number((size / step).toFixed(size < 10 * step ? 1 : 0))}${word}`;
};
const sayAxis = (value, unit) => (unit === "paise" || unit === "bp" ? say(value, unit) : grouped.format(value));
const day = new Intl.DateTimeFormat(`${language}-IN`, { day: "numeric", month: "short", timeZone: "UTC" });
const sayX = (x, dated) => (dated ? day.format(new Date(`${x}T00:00:00Z`)) : x);

// --- colours -----------------------------------------------------------------------------------
const palette = () => {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    token,
    ink: token("ink"),
    muted: token("ink-2"),
    grid: token("chart-grid"),
    surface: token("raised"),
    line: token("line"),
    series: [1, 2, 3, 4, 5, 6].map((n) => token(`chart-${n}`)),
    heat: [0, 1, 2, 3].map((n) => token(`heat-${n}`)),
  };
};
const font = { fontFamily: "Noto Sans, system-ui, sans-serif", fontSize: 12 };

// a tip is built from nodes: text from the data never becomes markup, and no inline style is parsed
const tip = (title, rows) => {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  for (const [name, text] of rows) {
    const line = document.createElement("p");
    const [left, right] = [document.createElement("span"), document.createElement("b")];
    [left.textContent, right.textContent] = [name, text];
    line.append(left, right);
    box.append(line);
  }
  return box;
};
const tooltip = (p, more) => ({
  confine: true,
  backgroundColor: p.surface,
  borderColor: p.line,
  borderWidth: 1,
  padding: [8, 12],
  textStyle: { ...font, color: p.ink },
  ...more,
});

const LINE = 22;
const pen = document.createElement("canvas").getContext("2d");
// how many lines the names of a legend take: as many as do not fit beside each other
const legendLines = (spec, width) => {
  pen.font = `${font.fontSize}px ${font.fontFamily}`;
  let lines = 1;
  let used = 0;
  for (const { name } of [...(spec.series ?? []), ...(spec.fan ?? [])]) {
    const wide = 40 + pen.measureText(name).width; // its mark, and the gaps behind mark and name
    if (used && used + wide > width) {
      lines += 1;
      used = 0;
    }
    used += wide;
  }
  return lines;
};
// what a legend takes beyond its first line is added to the height, so that the picture stays as tall
const fit = (place, spec) => {
  place.style.height = "";
  const lines = spec.legend === false ? 1 : legendLines(spec, place.clientWidth);
  if (lines > 1) place.style.height = `${place.clientHeight + LINE * (lines - 1)}px`;
};
const base = (p, spec, width) => ({
  animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 300,
  textStyle: font,
  color: p.series,
  grid: { left: 8, right: 16, top: spec.legend === false ? 16 : 14 + LINE * legendLines(spec, width), bottom: 8, containLabel: true },
  legend: {
    show: spec.legend !== false && spec.series?.length + (spec.fan?.length ?? 0) > 1,
    top: 0,
    left: 0,
    itemWidth: 16,
    itemHeight: 8,
    itemGap: 16,
    icon: "roundRect",
    textStyle: { ...font, color: p.muted },
  },
});
const axis = (p, more) => ({
  axisLine: { lineStyle: { color: p.line } },
  axisTick: { show: false },
  axisLabel: { ...font, color: p.muted, hideOverlap: true },
  splitLine: { lineStyle: { color: p.grid } },
  ...more,
});
const valueAxis = (p, spec, more) =>
  axis(p, {
    type: "value",
    axisLine: { show: false },
    axisLabel: { ...font, color: p.muted, formatter: (v) => sayAxis(v, spec.unit) },
    splitNumber: 4,
    ...more,
  });

// --- kinds -------------------------------------------------------------------------------------
const roleStyle = (p, role, index) => {
  const colour = p.series[index % p.series.length];
  const styles = {
    actual: { lineStyle: { color: p.ink, width: 2 }, itemStyle: { color: p.ink } },
    forecast: { lineStyle: { color: p.series[0], width: 2, type: [5, 4] }, itemStyle: { color: p.series[0] } },
    compare: { lineStyle: { color: p.series[5], width: 1.5, type: "dotted" }, itemStyle: { color: p.series[5] } },
  };
  return styles[role] ?? { lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour } };
};

const fanSeries = (p, fan) =>
  (fan ?? []).flatMap((band, index) => {
    const stack = `fan-${index}`;
    const shared = { type: "line", stack, symbol: "none", silent: true, lineStyle: { opacity: 0 }, z: 1 };
    const opacity = fan.length > 1 ? 0.12 + 0.1 * index : 0.18;
    const gap = band.high.map((high, i) => (high === null ? null : high - band.low[i]));
    return [
      { ...shared, name: `${band.name}·low`, data: band.low, tooltip: { show: false } },
      {
        ...shared,
        name: band.name,
        data: gap,
        areaStyle: { color: p.series[0], opacity },
        itemStyle: { color: p.series[0], opacity: opacity * 2 },
      },
    ];
  });

const marks = (p, spec) => {
  const label = { ...font, color: p.muted, formatter: (m) => m.name };
  const lines = (spec.marks ?? []).map((mark) => ({ xAxis: sayX(mark.x, spec.dates), name: mark.label }));
  if (spec.today) lines.push({ xAxis: sayX(spec.today, spec.dates), name: said.today });
  return {
    markLine: {
      symbol: "none",
      silent: true,
      animation: false,
      label: { ...label, position: "insideEndTop", rotate: 0, align: "left", distance: 4 },
      lineStyle: { color: p.series[5], type: "dashed" },
      data: lines,
    },
    markArea: {
      silent: true,
      itemStyle: { color: p.series[1], opacity: 0.14 },
      label: { ...label, position: "insideTop" },
      data: (spec.shade ?? []).map((shade) => [
        { xAxis: sayX(shade.from, spec.dates), name: shade.label },
        { xAxis: sayX(shade.to, spec.dates) },
      ]),
    },
  };
};

const told = (spec, point) => {
  const fan = spec.fan?.find((one) => one.name === point.seriesName);
  if (!fan) return say(point.value, spec.unit);
  const [low, high] = [fan.low[point.dataIndex], fan.high[point.dataIndex]];
  return low === null ? "—" : `${sayAxis(low, spec.unit)} – ${say(high, spec.unit)}`;
};
const rowsOf = (spec) => (points) => {
  const lines = points
    .filter((point) => !point.seriesName.endsWith("·low"))
    .map((point) => [point.seriesName, told(spec, point)])
    .filter(([, text]) => text !== "—");
  return tip(points[0].axisValueLabel ?? points[0].name, lines);
};

const kinds = {
  line(spec, p, width) {
    const x = spec.x.map((value) => sayX(value, spec.dates));
    const series = spec.series.map((one, index) => ({
      type: "line",
      name: one.name,
      data: one.values,
      symbol: one.values.filter((v) => v !== null).length === 1 ? "circle" : "none",
      connectNulls: false,
      z: 3,
      areaStyle: one.area ? { opacity: 0.1 } : undefined,
      ...roleStyle(p, one.role, index),
      ...(index === 0 ? marks(p, spec) : {}),
    }));
    const option = base(p, spec, width);
    option.legend.data = [...spec.series.map((s) => s.name), ...(spec.fan ?? []).map((f) => f.name)];
    return {
      ...option,
      tooltip: tooltip(p, { trigger: "axis", formatter: rowsOf(spec), axisPointer: { lineStyle: { color: p.series[5] } } }),
      xAxis: axis(p, { type: "category", data: x, boundaryGap: false, splitLine: { show: false } }),
      yAxis: valueAxis(p, spec),
      series: [...fanSeries(p, spec.fan), ...series],
    };
  },
  bar(spec, p, width) {
    const category = axis(p, {
      type: "category",
      data: spec.x.map((value) => sayX(value, spec.dates)),
      inverse: Boolean(spec.horizontal),
      splitLine: { show: false },
    });
    const value = valueAxis(p, spec);
    return {
      ...base(p, spec, width),
      tooltip: tooltip(p, { trigger: "axis", axisPointer: { type: "shadow" }, formatter: rowsOf(spec) }),
      xAxis: spec.horizontal ? value : category,
      yAxis: spec.horizontal ? category : value,
      series: spec.series.map((one, index) => ({
        type: "bar",
        name: one.name,
        data: one.values,
        stack: spec.stacked ? "all" : undefined,
        barMaxWidth: 28,
        itemStyle: { color: p.series[index % p.series.length], borderRadius: spec.stacked ? 0 : 2 },
      })),
    };
  },
  heat(spec, p, width) {
    const values = spec.cells.map(([, , value]) => value ?? 0);
    const largest = Math.max(1, ...values);
    const narrow = width / (spec.x.length + 1) < 76;
    // ink turns over where the ground grows darker (lighter, at night) than it can bear
    const inkOn = (value) => (value > 0.68 * largest ? p.token("surface") : p.ink);
    return {
      ...base(p, { ...spec, legend: false }),
      tooltip: tooltip(p, {
        formatter: ({ value: [x, y, amount] }) => tip(spec.y[y], [[spec.x[x], say(amount, spec.unit)]]),
      }),
      xAxis: axis(p, { type: "category", data: spec.x, position: "top", splitLine: { show: false }, axisLine: { show: false } }),
      yAxis: axis(p, { type: "category", data: spec.y, inverse: true, splitLine: { show: false }, axisLine: { show: false } }),
      visualMap: { show: false, min: 0, max: largest, inRange: { color: p.heat } },
      series: [
        {
          type: "heatmap",
          data: spec.cells.map((cell) => ({ value: cell, label: { color: inkOn(cell[2]) } })),
          itemStyle: { borderColor: p.token("surface"), borderWidth: 2, borderRadius: 3 },
          label: {
            show: spec.labels !== false,
            ...font,
            fontSize: 11,
            formatter: ({ value: [, , amount] }) =>
              amount ? (narrow ? brief(amount, spec.unit) : sayAxis(amount, spec.unit)) : "",
          },
        },
      ],
    };
  },
  flow(spec, p) {
    const at = Object.fromEntries(spec.places.map((place) => [place.name, [place.lon, place.lat]]));
    const largest = Math.max(1, ...spec.flows.map((flow) => flow.value));
    // an arrow ends short of the place, so that its head is seen
    const short = ([x, y], [toX, toY]) => {
      const far = Math.hypot(toX - x, toY - y) || 1;
      const keep = 1 - Math.min(0.3, 0.16 / far);
      return [x + (toX - x) * keep, y + (toY - y) * keep];
    };
    const frame = (key) => {
      const all = spec.places.map((place) => place[key]);
      const pad = Math.max(0.6, (Math.max(...all) - Math.min(...all)) * 0.18);
      return { type: "value", show: false, min: Math.min(...all) - pad, max: Math.max(...all) + pad };
    };
    return {
      ...base(p, { ...spec, legend: false }),
      grid: { left: 0, right: 0, top: 0, bottom: 0 },
      tooltip: tooltip(p, { formatter: (point) => tip(...point.data.said) }),
      xAxis: frame("lon"),
      yAxis: frame("lat"),
      series: [
        {
          // an outline of the land, where one may be shown: [[[lon, lat], …], …]
          type: "lines",
          coordinateSystem: "cartesian2d",
          polyline: true,
          silent: true,
          lineStyle: { color: p.line, width: 1, opacity: 1 },
          data: (spec.outline ?? []).map((coords) => ({ coords })),
        },
        {
          type: "lines",
          coordinateSystem: "cartesian2d",
          symbol: ["none", "arrow"],
          symbolSize: 12,
          data: spec.flows.map((flow) => ({
            coords: [at[flow.from], short(at[flow.from], at[flow.to])],
            said: [`${flow.from} – ${flow.to}`, [["", flow.label ?? say(flow.value, spec.unit)]]],
            lineStyle: { color: p.series[0], opacity: 0.8, width: 1.5 + (4 * flow.value) / largest, curveness: 0.22 },
          })),
        },
        {
          type: "scatter",
          symbolSize: 13,
          label: {
            show: true,
            position: "right",
            distance: 7,
            ...font,
            color: p.ink,
            textBorderColor: p.token("surface"),
            textBorderWidth: 3,
            formatter: (point) => point.data.name,
          },
          labelLayout: { hideOverlap: true },
          data: spec.places.map((place) => ({
            name: place.name,
            value: at[place.name],
            said: [place.name, place.note ? [["", place.note]] : []],
            itemStyle: {
              color: place.role === "surplus" ? p.series[1] : p.series[0],
              borderColor: p.token("surface"),
              borderWidth: 2,
              opacity: 1,
            },
          })),
        },
      ],
    };
  },
};

// --- life --------------------------------------------------------------------------------------
const draw = async (figure) => {
  const spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  const place = figure.querySelector(".chart__canvas");
  try {
    const echarts = await load();
    await document.fonts.ready;
    fit(place, spec);
    const chart = echarts.init(place, null, { renderer: "canvas" });
    drawn.set(figure, { chart, spec, width: place.clientWidth });
    chart.setOption(kinds[spec.kind](spec, palette(), place.clientWidth));
    resizing.observe(place);
  } catch (error) {
    // the numbers are still there as a table
    figure.classList.add("chart--failed");
    figure.querySelector("details")?.setAttribute("open", "");
    throw error;
  }
};

const resizing = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const known = drawn.get(target.closest("[data-chart]"));
    if (!known) continue;
    if (known.width !== target.clientWidth) {
      known.width = target.clientWidth;
      fit(target, known.spec);
      known.chart.setOption(kinds[known.spec.kind](known.spec, palette(), known.width), true);
    }
    known.chart.resize();
  }
});
const nearing = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      nearing.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "240px" },
);
const watch = (part) => {
  for (const figure of part.querySelectorAll("[data-chart]")) if (!drawn.has(figure)) nearing.observe(figure);
};
const recolour = () => {
  const colours = palette();
  for (const [figure, { chart, spec }] of drawn) {
    if (figure.isConnected) {
      chart.setOption(kinds[spec.kind](spec, colours, chart.getWidth()), true);
    } else {
      chart.dispose();
      drawn.delete(figure);
    }
  }
};

document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
document.addEventListener("vyapar:theme", recolour);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
watch(document);
