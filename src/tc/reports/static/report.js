(() => {
  "use strict";

  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copied(button.dataset.copy);
      button.classList.add("done");
      button.title = "Copied";
      setTimeout(() => { button.classList.remove("done"); button.title = "Copy"; }, 1200);
    });
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from a file or over plain HTTP may not use the clipboard: select and copy the old way.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  const source = document.getElementById("chart-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const lib = window.LightweightCharts;
  const place = document.getElementById("chart");
  document.getElementById("chart-part").hidden = false;

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let colours = new Map();
  const colour = (name) => {
    if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return colours.get(name);
  };
  const faded = (name, alpha) => colour(name) + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const unit = 10 ** data.precision;
  const last = data.times.length - 1;
  const indexOf = new Map(data.times.map((time, index) => [time, index]));
  const number = (value, digits) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const price = (value) => number(value, data.precision);
  const amount = (value) => (value === null ? "—" : number(value, 2));
  const quantity = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 8 }).replace("-", "−");
  const short = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 4, maximumSignificantDigits: 6 }).replace("-", "−");
  const two = (value) => String(value).padStart(2, "0");
  const clock = (time) => {
    const at = new Date(time * 1000);
    const seconds = at.getUTCSeconds() ? `:${two(at.getUTCSeconds())}` : "";
    return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${seconds}`;
  };
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const tick = (time, kind) => {
    const at = new Date(time * 1000);
    if (kind === 0) return String(at.getUTCFullYear());
    if (kind === 1) return months[at.getUTCMonth()];
    if (kind === 2) return `${at.getUTCDate()} ${months[at.getUTCMonth()]}`;
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${kind === 4 ? `:${two(at.getUTCSeconds())}` : ""}`;
  };

  const chart = lib.createChart(place, {
    autoSize: true,
    layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, panes: { enableResize: false } },
    localization: { locale: "en-US", timeFormatter: clock },
    timeScale: { timeVisible: true, minBarSpacing: 0.02, rightOffset: 0, fixLeftEdge: true, fixRightEdge: true, tickMarkFormatter: tick },
    crosshair: { mode: lib.CrosshairMode.Normal },
    // The wheel scrolls the page, a finger too; Ctrl or the command key with the wheel zooms (below).
    handleScroll: { mouseWheel: false, pressedMouseMove: true, horzTouchDrag: true, vertTouchDrag: false },
    handleScale: { mouseWheel: false, pinch: true, axisPressedMouseMove: true, axisDoubleClickReset: true },
  });

  const scale = chart.timeScale();
  const asCandles = data.kind === "candles";
  const priceSeries = chart.addSeries(asCandles ? lib.CandlestickSeries : lib.LineSeries, {
    priceFormat: { type: "price", precision: data.precision, minMove: 1 / unit },
    priceLineVisible: false,
    lineWidth: 1.5,
  }, 0);
  priceSeries.setData(data.times.map((time, index) => asCandles
    ? { time, open: data.opens[index] / unit, high: data.highs[index] / unit, low: data.lows[index] / unit, close: data.closes[index] / unit }
    : { time, value: data.closes[index] / unit }));
  const panes = [{ name: "price", series: priceSeries, part: 5.4 }];

  if (data.equity) {
    const first = data.equity.find((value) => value !== null);
    const series = chart.addSeries(lib.BaselineSeries, {
      baseValue: { type: "price", price: first ?? 0 }, lineWidth: 1.5, priceLineVisible: false,
      priceFormat: { type: "custom", minMove: 0.01, formatter: short },
    }, panes.length);
    series.setData(data.times.map((time, index) => (data.equity[index] === null ? { time } : { time, value: data.equity[index] })));
    panes.push({ name: "equity", series, part: 2.4 });
  }
  const positionSeries = chart.addSeries(lib.BaselineSeries, {
    baseValue: { type: "price", price: 0 }, lineWidth: 1, lineType: lib.LineType.WithSteps, priceLineVisible: false,
    priceFormat: { type: "custom", minMove: 1e-8, formatter: short },
    autoscaleInfoProvider: (original) => {
      const { minValue = 0, maxValue = 0 } = original()?.priceRange ?? {};
      const isFlat = minValue === 0 && maxValue === 0;
      return { priceRange: { minValue: isFlat ? -1 : Math.min(minValue, 0), maxValue: isFlat ? 1 : Math.max(maxValue, 0) } };
    },
  }, panes.length);
  positionSeries.setData(data.times.map((time, index) => ({ time, value: data.position[index] })));
  panes.push({ name: "position", series: positionSeries, part: 2 });
  for (const pane of panes) {
    pane.legend = document.createElement("div");
    pane.legend.className = "legend";
    place.append(pane.legend);
  }
  chart.panes().forEach((pane, index) => {
    pane.setStretchFactor(panes[index].part);
    pane.priceScale("right").applyOptions({
      entireTextOnly: true, minimumWidth: 68, scaleMargins: { top: 0.26, bottom: 0.1 },
    });
  });

  // Markers are drawn here and not by the library's plug-in: small while candles are dense, larger when there is room.
  const isChecked = (id) => document.getElementById(id).checked;
  const isBuy = (side) => side === "BUY";
  const markers = {
    attached({ requestUpdate }) { this.redraw = requestUpdate; },
    updateAllViews() {},
    paneViews() { return [{ zOrder: () => "top", renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace(drawMarkers) }) }]; },
  };
  priceSeries.attachPrimitive(markers);

  function drawMarkers({ context, mediaSize }) {
    const { from, to } = range();
    const spacing = mediaSize.width / Math.max(to - from, 1);
    const x = (index) => scale.logicalToCoordinate(index);
    const isVisible = ([index]) => index >= from - 1 && index <= to + 1;
    const fills = data.fills.filter(isVisible);
    const size = Math.min(Math.max(spacing * 0.45, (mediaSize.width / (fills.length + 1)) * 0.12, fills.length > 800 ? 2.2 : 3), 6);
    context.lineWidth = size > 4 ? 1.5 : 1;
    if (isChecked("show-orders")) {
      for (const [index, kind, , , at] of data.orders.filter(isVisible)) {
        drawOrder(context, kind, x(index), priceSeries.priceToCoordinate(at ?? data.closes[index] / unit), size * 0.65);
      }
    }
    if (isChecked("show-fills")) {
      for (const [index, side, , , at] of fills) {
        drawFill(context, isBuy(side), x(index), priceSeries.priceToCoordinate(at), size);
      }
    }
  }

  function drawOrder(context, kind, x, y, size) {
    const isRefused = kind === "denied" || kind === "rejected";
    context.strokeStyle = colour(isRefused ? "loss" : "order");
    context.beginPath();
    if (kind === "placed") {
      context.arc(x, y, size, 0, 2 * Math.PI);
    } else {
      context.moveTo(x - size, y - size);
      context.lineTo(x + size, y + size);
      context.moveTo(x - size, y + size);
      context.lineTo(x + size, y - size);
    }
    context.stroke();
  }

  function drawFill(context, isBought, x, y, size) {
    const away = isBought ? 1 : -1;
    context.fillStyle = colour(isBought ? "buy" : "sell");
    context.strokeStyle = colour("panel");
    context.beginPath();
    context.moveTo(x, y + away);
    context.lineTo(x + size, y + away * (1 + size * 1.7));
    context.lineTo(x - size, y + away * (1 + size * 1.7));
    context.closePath();
    context.stroke();
    context.fill();
  }

  function paint() {
    colours = new Map();
    chart.applyOptions({
      layout: { background: { type: "solid", color: colour("panel") }, textColor: colour("muted"), panes: { separatorColor: colour("line"), separatorHoverColor: colour("line") } },
      crosshair: { vertLine: { labelBackgroundColor: colour("tip") }, horzLine: { labelBackgroundColor: colour("tip") } },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      rightPriceScale: { borderColor: colour("line") },
      timeScale: { borderColor: colour("line") },
    });
    const shades = (above, below) => ({
      topLineColor: colour(above), topFillColor1: faded(above, 0.18), topFillColor2: faded(above, 0.02),
      bottomLineColor: colour(below), bottomFillColor1: faded(below, 0.02), bottomFillColor2: faded(below, 0.18),
    });
    priceSeries.applyOptions(asCandles
      ? { upColor: colour("up"), borderUpColor: colour("up"), wickUpColor: colour("up"), downColor: colour("down"), borderDownColor: colour("down"), wickDownColor: colour("down") }
      : { color: colour("price") });
    for (const pane of panes) {
      if (pane.name === "equity") pane.series.applyOptions(shades("profit", "loss"));
      if (pane.name === "position") pane.series.applyOptions(shades("buy", "sell"));
    }
    markers.redraw();
  }

  const fillsAt = Map.groupBy ? Map.groupBy(data.fills, (fill) => fill[0]) : grouped(data.fills);
  const ordersAt = Map.groupBy ? Map.groupBy(data.orders, (mark) => mark[0]) : grouped(data.orders);
  function grouped(items) {
    const groups = new Map();
    for (const item of items) groups.set(item[0], [...(groups.get(item[0]) ?? []), item]);
    return groups;
  }

  function words(parts) {
    return parts.map(([kind, text, value]) => {
      const element = document.createElement(kind === "b" ? "b" : "span");
      if (kind && kind !== "b") element.className = kind;
      element.textContent = value === undefined ? text : `${text} `;
      if (value !== undefined) {
        const shown = document.createElement("i");
        shown.textContent = value;
        element.append(shown);
      }
      return element;
    });
  }

  function describe(index) {
    const fills = (fillsAt.get(index) ?? []).map(([, side, count, size, at]) => [
      isBuy(side) ? "buy" : "sell", `${isBuy(side) ? "▲ bought" : "▼ sold"} ${quantity(size)} at ${price(at)}${count > 1 ? ` (${count} fills)` : ""}`]);
    const marks = !isChecked("show-orders") ? [] : (ordersAt.get(index) ?? []).map(([, kind, side, count, at]) => [
      "order", `● ${count > 1 ? `${count} × ` : ""}${side.toLowerCase()} ${kind}${at === null ? "" : ` ${price(at)}`}`]);
    const at = (values) => price(values[index] / unit);
    const said = {
      price: [
        ["b", data.instrument], ["", `${clock(data.times[index])}, ${data.interval}`],
        ...(asCandles ? [["", "O", at(data.opens)], ["", "H", at(data.highs)], ["", "L", at(data.lows)], ["", "C", at(data.closes)]] : [["", "", at(data.closes)]]),
        ...fills, ...marks,
      ],
      equity: data.equity ? [["b", data.equityName], ["", data.currency, amount(data.equity[index])]] : [],
      position: [["b", "Position"], ["", "", quantity(data.position[index])]],
    };
    for (const pane of panes) pane.legend.replaceChildren(...words(said[pane.name]));
  }

  function arrange() {
    // A narrow legend is higher: leave it room above the price.
    chart.panes()[0].priceScale("right").applyOptions({ scaleMargins: { top: place.clientWidth < 640 ? 0.24 : 0.1, bottom: 0.05 } });
    let top = 0;
    chart.panes().forEach((pane, index) => {
      panes[index].legend.style.top = `${top + 6}px`;
      top += pane.getHeight() + 1;
    });
  }

  function range() {
    return scale.getVisibleLogicalRange() ?? { from: 0, to: last };
  }
  function show(from, to) {
    const width = Math.min(Math.max(to - from, 8), last + 1);
    const start = Math.min(Math.max(from, -0.5), last + 0.5 - width);
    scale.setVisibleLogicalRange({ from: start, to: start + width });
  }
  function zoom(factor, share = 0.5) {
    const { from, to } = range();
    const centre = from + (to - from) * share;
    show(centre - (centre - from) * factor, centre + (to - centre) * factor);
  }
  function pan(share) {
    const { from, to } = range();
    show(from + (to - from) * share, to + (to - from) * share);
  }
  const actions = { left: () => pan(-0.3), right: () => pan(0.3), in: () => zoom(0.6), out: () => zoom(1 / 0.6), all: () => scale.fitContent() };
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => actions[button.dataset.zoom]());
  const keys = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", Home: "all" };
  place.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[keys[event.key]]();
  });
  place.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = place.getBoundingClientRect();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, (event.clientX - box.left) / scale.width());
  }, { passive: false });

  chart.subscribeCrosshairMove((param) => describe(param.time === undefined ? last : indexOf.get(param.time) ?? last));
  for (const id of ["show-fills", "show-orders"]) document.getElementById(id).addEventListener("change", () => markers.redraw());
  dark.addEventListener("change", paint);
  new ResizeObserver(() => requestAnimationFrame(arrange)).observe(place);

  paint();
  describe(last);
  scale.fitContent();
  requestAnimationFrame(() => { arrange(); place.dataset.ready = "true"; });
})();
