// Accuracy against cost: one point a method, the front of those that no other beats in both.
"use strict";

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
    board.select(
      "Set",
      board.data.sets.map((set) => [set.id, set.title]),
      chosen.set.id,
      change("set"),
    ),
    board.select(
      "Score",
      board.data.columns.map((one) => [one.id, board.columnTitle(one)]),
      chosen.column.id,
      change("score"),
    ),
    board.select(
      "Cost",
      board.costKinds.map((one) => [one.id, one.title]),
      chosen.cost.id,
      change("cost"),
    ),
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

board.plane = (query, width) => {
  const { set, column, cost } = board.planeChoices(query);
  const { points, notes } = board.planePoints(query);
  if (!points.length)
    return [board.make("p", {}, "Nothing to draw."), ...notes.map((note) => board.make("p", { class: "note" }, note))];
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
  const yTicks = board
    .ticks(lowY, highY, 6)
    .map((tick) => [
      make("line", { x1: frame.left, x2: frame.right, y1: atY(tick), y2: atY(tick), class: "grid" }),
      make(
        "text",
        { x: frame.left - 8, y: atY(tick) + 4, "text-anchor": "end" },
        board.number(tick, column.digits > 2 ? 3 : 1),
      ),
    ]);
  const xTicks = board
    .logTicks(10 ** lowX, 10 ** highX, (ticks) => ticks.every((tick, k) => !k || atX(tick) - atX(ticks[k - 1]) >= 60))
    .map((tick) => [
      make("line", { x1: atX(tick), x2: atX(tick), y1: frame.top, y2: frame.bottom, class: "grid" }),
      make("text", { x: atX(tick), y: frame.bottom + 18, "text-anchor": "middle" }, cost.print(tick)),
    ]);
  const steps = front.map((point, k) => `${k ? `H${atX(point.x)}V` : `M${atX(point.x)} `}${atY(point.y)}`).join("");
  const labels = board.placeLabels(
    points.map((point) => ({ point, x: atX(point.x), y: atY(point.y), front: front.includes(point) })),
    frame,
  );
  const marks = labels.map(({ point, x, y, front: leads, label }) =>
    make(
      "a",
      {
        svg: true,
        href: board.address(["method", point.method.id]),
        class: leads ? "point leads" : "point",
        "aria-label": `${point.method.title}: ${point.text}, ${cost.print(point.x)}`,
      },
      make(
        "title",
        {},
        `${point.method.title}: ${column.metric} ${point.text}, ${cost.title.toLowerCase()} ${cost.print(point.x)}`,
      ),
      make("circle", { cx: x, cy: y, r: 5.5, class: point.whole ? "" : "hollow" }),
      label && make("text", { x: label.x, y: label.y, "text-anchor": label.anchor }, point.method.title),
    ),
  );
  const title = `${column.label} against ${cost.title.toLowerCase()}, ${set.title}`;
  const drawing = make(
    "svg",
    {
      viewBox: `0 0 ${size.width} ${size.height}`,
      width: size.width,
      height: size.height,
      role: "group",
      "aria-label": title,
      class: "plane",
    },
    ...yTicks.flat(),
    ...xTicks.flat(),
    make("path", { d: steps, class: "front" }),
    make(
      "text",
      { x: (frame.left + frame.right) / 2, y: size.height - 12, "text-anchor": "middle", class: "axis" },
      `${cost.title} (logarithmic)`,
    ),
    make(
      "text",
      {
        x: 14,
        y: frame.top + 140,
        transform: `rotate(-90 14 ${frame.top + 140})`,
        "text-anchor": "middle",
        class: "axis",
      },
      column.label,
    ),
    ...marks,
  );
  const unlabelled = labels.filter((one) => !one.label).map((one) => one.point.method.title);
  const sentences = [
    `${title}; protocol ${column.protocol} (version ${column.version}). The line joins the methods that no other beats in both.`,
    points.some((point) => !point.whole) &&
      "Hollow: over some of the set's images only; such a point is never on the line.",
    unlabelled.length > 0 && `Without a name for want of room: ${unlabelled.join(", ")}.`,
    ...notes,
  ];
  return [
    make("figure", { class: "drawing" }, drawing),
    ...sentences.filter(Boolean).map((note) => make("p", { class: "note" }, note)),
  ];
};
