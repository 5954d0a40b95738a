// What the plane of accuracy and cost shows: its points, their front, the ticks of its axes, the places of names.
"use strict";

board.costKinds = [
  { id: "parameters", title: "Parameters", of: (method) => method.parameters, print: board.parameters },
  {
    id: "seconds",
    title: "Median seconds per image",
    of: (method, set) => board.cost(method.id, set.id)?.seconds ?? null,
    print: board.seconds,
  },
  {
    id: "peak",
    title: "Peak memory, MB",
    of: (method, set) => board.cost(method.id, set.id)?.peak ?? null,
    print: (value) => String(value),
  },
];

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
  const notes = Object.entries(left)
    .filter(([, names]) => names.length)
    .map(([why, names]) => `Not drawn, ${why}: ${names.join(", ")}.`);
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

// The ticks of a logarithmic axis: as many as suit its range, but fewer where `fits` says that these stand too close.
board.logTicks = (low, high, fits) => {
  const several = [[1, 2, 5], [1, 3], [1]].slice(high / low > 1000 ? 2 : high / low > 20 ? 1 : 0).map((factors) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const factor of factors) ticks.push(factor * 10 ** power);
    }
    return ticks.filter((tick) => tick >= low && tick <= high);
  });
  return several.find((ticks) => ticks.length && fits(ticks)) ?? several.findLast((ticks) => ticks.length) ?? [];
};

// Give each point's name a place beside it where it covers no other name or point; those on the front first.
board.placeLabels = (points, frame) => {
  const taken = points.map(({ x, y }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }));
  const free = (box) =>
    box.left >= frame.left &&
    box.right <= frame.right &&
    box.top >= frame.top &&
    box.bottom <= frame.bottom &&
    taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
  const beside = [
    ["start", 10, 4],
    ["end", -10, 4],
    ["middle", 0, -11],
    ["middle", 0, 20],
    ["start", 8, -8],
    ["start", 8, 16],
    ["end", -8, -8],
    ["end", -8, 16],
  ];
  const above = [
    ["middle", 0, -12],
    ["end", -9, -8],
    ["start", 10, 18],
    ["end", -10, 5],
  ]; // off the line, which goes right and up
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
