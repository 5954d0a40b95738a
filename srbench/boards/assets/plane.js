// Accuracy against cost: one point a method, the front of those that no other beats in both.
"use strict";

board.costKinds = [
  { id: "parameters", title: "Parameters", of: (method) => method.parameters, print: board.parameters },
  { id: "seconds", title: "Median seconds per image", of: (method, set) => board.cost(method.id, set.id)?.seconds ?? null, print: board.seconds },
  { id: "peak", title: "Peak memory, MB", of: (method, set) => board.cost(method.id, set.id)?.peak ?? null, print: (value) => String(value) },
];

board.select = (label, options, chosen, change) =>
  board.make(
    "label",
    {},
    `${label} `,
    board.make(
      "select",
      { onchange: (event) => change(event.target.value) },
      options.map(([value, text]) => board.make("option", { value, selected: value === chosen }, text)),
    ),
  );

board.pages.plane = (_path, query) => {
  const place = board.make("div");
  const refresh = () => {
    const now = board.here().query;
    place.replaceChildren(...board.plane(now, place.clientWidth || document.getElementById("main").clientWidth));
  };
  const chosen = board.planeChoices(query);
  const change = (name) => (value) => {
    board.keep({ [name]: value });
    refresh();
  };
  const controls = board.make(
    "div",
    { class: "controls" },
    board.select("Set", board.data.sets.map((set) => [set.id, set.title]), chosen.set.id, change("set")),
    board.select("Score", board.data.columns.map((one) => [one.id, board.columnTitle(one)]), chosen.column.id, change("score")),
    board.select("Cost", board.costKinds.map((one) => [one.id, one.title]), chosen.cost.id, change("cost")),
  );
  // Drawn to the width there is, so that letters keep their size.
  let drawn = 0;
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) observer.disconnect();
    else if (place.clientWidth !== drawn) requestAnimationFrame(refresh);
    drawn = place.clientWidth;
  });
  observer.observe(place);
  return [board.warning(), controls, board.filters(query, refresh, []), place];
};

board.planeChoices = (query) => {
  const choices = board.choices(query);
  const stated = board.data.methods.filter((method) => method.parameters !== null).length;
  const usual = stated > 1 ? "parameters" : "seconds";
  return {
    set: board.set(query.set) ?? choices.sets[0],
    column: board.column(query.score) ?? choices.columns[0],
    cost: board.costKinds.find((one) => one.id === (query.cost ?? usual)) ?? board.costKinds[1],
  };
};

// Return what can be drawn, and sentences on what cannot.
board.planePoints = (query) => {
  const { set, column, cost } = board.planeChoices(query);
  const methods = board.passing({ ...board.choices(query), sets: [set] }).filter((method) => !method.original);
  const points = [];
  const left = { "no mean": [], "an infinite mean": [], [`no ${cost.title.toLowerCase()} known`]: [] };
  for (const method of methods) {
    const mean = board.mean(method.id, set.id, column.id);
    const x = cost.of(method, set);
    if (!mean || mean.value === null) left["no mean"].push(method.title);
    else if (!Number.isFinite(mean.value)) left["an infinite mean"].push(method.title);
    else if (!(x > 0)) left[`no ${cost.title.toLowerCase()} known`].push(method.title);
    else points.push({ method, x, y: mean.value, whole: mean.whole, text: mean.text });
  }
  const notes = Object.entries(left).filter(([, names]) => names.length).map(([why, names]) => `Not drawn, ${why}: ${names.join(", ")}.`);
  return { points, notes };
};

// Return the points that no other whole one beats in cost and score at once, the cheapest first.
board.front = (points, higher) => {
  const better = (one, other) => (higher ? one > other : one < other);
  const running = points.filter((point) => point.whole).sort((a, b) => a.x - b.x || (higher ? b.y - a.y : a.y - b.y));
  const front = [];
  for (const point of running) if (!front.length || better(point.y, front.at(-1).y)) front.push(point);
  return front;
};

board.ticks = (low, high, wanted) => {
  const rough = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((one) => one >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(tick);
  return ticks;
};

board.logTicks = (low, high) => {
  const ticks = [];
  const factors = high / low > 1000 ? [1] : high / low > 20 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) ticks.push(factor * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
};

board.plane = (query, width) => {
  const { set, column, cost } = board.planeChoices(query);
  const { points, notes } = board.planePoints(query);
  if (!points.length) return [board.make("p", {}, "Nothing to draw."), ...notes.map((note) => board.make("p", { class: "note" }, note))];
  const size = { width: Math.max(320, Math.min(width, 1100)), height: width < 600 ? 420 : 560 };
  const frame = { left: 66, right: size.width - 16, top: 14, bottom: size.height - 52 };
  const xs = points.map((point) => Math.log10(point.x));
  const ys = points.map((point) => point.y);
  const span = (values, least) => {
    const extent = Math.max(...values) - Math.min(...values) || least;
    return [Math.min(...values) - 0.12 * extent, Math.max(...values) + 0.12 * extent];
  };
  const [lowX, highX] = span(xs, 1);
  const [lowY, highY] = span(ys, 0.1);
  const atX = (value) => frame.left + ((Math.log10(value) - lowX) / (highX - lowX)) * (frame.right - frame.left);
  const atY = (value) => frame.bottom - ((value - lowY) / (highY - lowY)) * (frame.bottom - frame.top);
  const front = board.front(points, column.higher);
  const { make } = board;
  const yTicks = board.ticks(lowY, highY, 6).map((tick) => [
    make("line", { x1: frame.left, x2: frame.right, y1: atY(tick), y2: atY(tick), class: "grid" }),
    make("text", { x: frame.left - 8, y: atY(tick) + 4, "text-anchor": "end" }, board.number(tick, column.digits > 2 ? 3 : 1)),
  ]);
  const xTicks = board.logTicks(10 ** lowX, 10 ** highX).map((tick) => [
    make("line", { x1: atX(tick), x2: atX(tick), y1: frame.top, y2: frame.bottom, class: "grid" }),
    make("text", { x: atX(tick), y: frame.bottom + 18, "text-anchor": "middle" }, cost.print(tick)),
  ]);
  const steps = front.map((point, k) => `${k ? `H${atX(point.x)}V` : `M${atX(point.x)} `}${atY(point.y)}`).join("");
  const labels = board.placeLabels(points.map((point) => ({ point, x: atX(point.x), y: atY(point.y), front: front.includes(point) })), frame);
  const marks = labels.map(({ point, x, y, front: leads, label }) =>
    make(
      "a",
      { svg: true, href: board.address(["method", point.method.id]), class: leads ? "point leads" : "point", "aria-label": `${point.method.title}: ${point.text}, ${cost.print(point.x)}` },
      make("title", {}, `${point.method.title}: ${column.metric} ${point.text}, ${cost.title.toLowerCase()} ${cost.print(point.x)}`),
      make("circle", { cx: x, cy: y, r: 5.5, class: point.whole ? "" : "hollow" }),
      label && make("text", { x: label.x, y: label.y, "text-anchor": label.anchor }, point.method.title),
    ),
  );
  const title = `${column.label} against ${cost.title.toLowerCase()}, ${set.title}`;
  const drawing = make(
    "svg",
    { viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: "group", "aria-label": title, class: "plane" },
    ...yTicks.flat(),
    ...xTicks.flat(),
    make("path", { d: steps, class: "front" }),
    make("text", { x: (frame.left + frame.right) / 2, y: size.height - 12, "text-anchor": "middle", class: "axis" }, `${cost.title} (logarithmic)`),
    make("text", { x: 14, y: frame.top + 140, transform: `rotate(-90 14 ${frame.top + 140})`, "text-anchor": "middle", class: "axis" }, column.label),
    ...marks,
  );
  const unlabelled = labels.filter((one) => !one.label).map((one) => one.point.method.title);
  const sentences = [
    `${title}; protocol ${column.protocol} (version ${column.version}). The line joins the methods that no other beats in both.`,
    points.some((point) => !point.whole) && "Hollow: over some of the set's images only; such a point is never on the line.",
    unlabelled.length > 0 && `Without a name for want of room: ${unlabelled.join(", ")}.`,
    ...notes,
  ];
  return [
    make("figure", { class: "drawing" }, drawing),
    ...sentences.filter(Boolean).map((note) => make("p", { class: "note" }, note)),
  ];
};

// Give each point's name a place beside it where it covers no other name or point; those on the front first.
board.placeLabels = (points, frame) => {
  const taken = points.map(({ x, y }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }));
  const free = (box) =>
    box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom &&
    taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
  const beside = [["start", 10, 4], ["end", -10, 4], ["middle", 0, -11], ["middle", 0, 20], ["start", 8, -8], ["start", 8, 16], ["end", -8, -8], ["end", -8, 16]];
  const above = [["middle", 0, -12], ["end", -9, -8], ["start", 10, 18], ["end", -10, 5]]; // off the line, which goes right and up
  for (const one of [...points].sort((a, b) => b.front - a.front)) {
    const width = one.point.method.title.length * (one.front ? 8.4 : 7.6);
    for (const [anchor, right, down] of one.front ? above : beside) {
      const [x, y] = [one.x + right, one.y + down];
      const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
      const box = { left, right: left + width, top: y - 12, bottom: y + 3 };
      if (free(box)) {
        taken.push(box);
        one.label = { x, y, anchor };
        break;
      }
    }
  }
  return points;
};
