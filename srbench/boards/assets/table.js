// The table of means: sets and scores as columns, methods as rows, sorted by any of them.
"use strict";

// Return the sorting value of a method: whole means first, then those over some images, failures and gaps at the end.
board.rank = (method, sort) => {
  if (sort === "title") return [0, method.title.toLowerCase()];
  if (sort === "parameters") return [method.parameters === null ? 3 : 0, method.parameters];
  const [set, name] = board.list(sort);
  if (name === "seconds" || name === "peak") {
    const value = board.cost(method.id, set)?.[name] ?? null;
    return [value === null ? 3 : 0, value];
  }
  const mean = board.mean(method.id, set, name);
  if (!mean || mean.value === null) return [mean?.failed ? 2 : 3, 0];
  return [mean.whole ? 0 : 1, mean.value];
};

board.sorted = (methods, choices) => {
  if (!choices.sort) return methods;
  const direction = choices.down ? -1 : 1;
  const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  const ranks = new Map(methods.map((method) => [method, board.rank(method, choices.sort)]));
  return [...methods].sort((a, b) => {
    const [one, other] = [ranks.get(a), ranks.get(b)];
    return one[0] - other[0] || direction * compare(one[1], other[1]);
  });
};

// Return a header cell that sorts by what is below it.
board.sorter = (label, sort, choices, refresh, better = "down", attributes = {}) => {
  const active = choices.sort === sort;
  const next = active ? (choices.down ? "up" : "down") : better;
  const state = active ? (choices.down ? "descending" : "ascending") : "none";
  return board.make(
    "th",
    { scope: "col", "aria-sort": state, ...attributes },
    board.make(
      "button",
      {
        type: "button",
        "data-sort": sort,
        onclick: () => {
          board.keep({ sort, order: next === "up" ? "up" : "" });
          refresh(sort);
        },
      },
      label,
      board.make("span", { class: "arrow", "aria-hidden": "true" }, active ? (choices.down ? "\u25bc" : "\u25b2") : ""),
    ),
  );
};

board.pages.table = (_path, query) => {
  const place = board.make("div");
  const refresh = (sort) => {
    place.replaceChildren(board.meanTable(board.choices(board.here().query), refresh));
    // The button that was pressed is a new one now; whoever sorts by keyboard stays on it.
    if (sort) place.querySelector(`button[data-sort="${CSS.escape(sort)}"]`)?.focus();
  };
  refresh();
  return [board.warning(), board.filters(query, refresh, ["sets", "scores", "shown"]), place];
};

board.warning = () =>
  board.data.notes.length > 0 &&
  board.make(
    "div",
    { class: "warn", role: "note" },
    board.make("b", {}, "Before you believe a number"),
    board.make(
      "ul",
      {},
      board.data.notes.map((note) => board.make("li", {}, note)),
    ),
  );

board.meanTable = (choices, refresh) => {
  const methods = board.sorted(board.passing(choices), choices);
  const best = new Map();
  for (const set of choices.sets) {
    for (const column of choices.columns) {
      const means = methods.map((method) => board.mean(method.id, set.id, column.id)).filter((mean) => mean?.whole);
      const rivals = means.map((mean) => ({ id: mean.method, value: mean.value }));
      best.set(board.key(set.id, column.id), board.best(rivals, column));
    }
  }
  const each = (set) => choices.columns.flatMap((column) => board.meanHeads(set, column, choices, refresh));
  const costHeads = (set) => [
    board.sorter("s", board.listed([set.id, "seconds"]), choices, refresh, "up", {
      class: "n",
      title: "Median seconds per image",
    }),
    board.sorter("MB", board.listed([set.id, "peak"]), choices, refresh, "up", { class: "n", title: "Peak memory" }),
  ];
  const width = choices.columns.length * (choices.published ? 3 : 1) + (choices.costs ? 2 : 0);
  const table = board.make(
    "table",
    { class: "means" },
    board.make(
      "thead",
      {},
      board.make(
        "tr",
        { class: "groups" },
        board.make("td", { colspan: choices.costs ? 2 : 1 }),
        choices.sets.map((set) =>
          board.make(
            "th",
            { scope: "colgroup", colspan: width },
            `${set.title} `,
            board.make("span", { class: "soft" }, board.count(set.images.length, "image")),
          ),
        ),
      ),
      board.make(
        "tr",
        {},
        board.sorter("Method", "title", choices, refresh, "up", { class: "first" }),
        choices.costs && board.sorter("Parameters", "parameters", choices, refresh, "up", { class: "n" }),
        choices.sets.map((set) => [...each(set), ...(choices.costs ? costHeads(set) : [])]).flat(),
      ),
    ),
    board.make(
      "tbody",
      {},
      methods.map((method) => board.meanRow(method, choices, best)),
    ),
  );
  return board.make(
    "section",
    { "aria-label": "Means" },
    board.make(
      "p",
      { class: "soft", role: "status" },
      `${methods.length} of ${board.count(board.data.methods.length, "method")}`,
    ),
    board.scroll(table, "Means of all methods"),
    board.meanNotes(methods, choices),
  );
};

// A wide table scrolls inside its place, by the keyboard too.
board.scroll = (table, label) =>
  board.make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);

board.meanHeads = (set, column, choices, refresh) => {
  const protocols = new Set(choices.columns.map((one) => board.columnLabel(one)));
  const label = [column.label, protocols.size > 1 && board.make("small", {}, board.columnLabel(column))];
  const sort = board.listed([set.id, column.id]);
  const head = board.sorter(label.filter(Boolean), sort, choices, refresh, column.higher ? "down" : "up", {
    class: "n",
  });
  const beside = ["paper", "diff"].map((text) => board.make("th", { scope: "col", class: "n soft" }, text));
  return choices.published ? [head, ...beside] : [head];
};

board.meanRow = (method, choices, best) =>
  board.make(
    "tr",
    {},
    board.make(
      "th",
      { scope: "row", class: "first" },
      board.make("a", { href: board.address(["method", method.id]) }, method.title),
    ),
    choices.costs && board.make("td", { class: "n" }, board.parameters(method.parameters)),
    choices.sets.flatMap((set) => {
      const cells = choices.columns.flatMap((column) => {
        const mean = board.mean(method.id, set.id, column.id);
        const bold = best.get(board.key(set.id, column.id)).has(method.id);
        const text = mean?.text ?? "\u2013";
        const cell = board.make(
          "td",
          { class: mean && !mean.whole ? "n part" : "n", title: mean?.note ?? null },
          bold ? board.make("b", {}, text) : text,
        );
        const beside = [mean?.published ?? "", mean?.difference ?? ""];
        return choices.published ? [cell, ...beside.map((one) => board.make("td", { class: "n soft" }, one))] : [cell];
      });
      const cost = board.cost(method.id, set.id);
      const costs = [board.seconds(cost?.seconds), cost?.peak ?? "\u2013"];
      return choices.costs
        ? [...cells, ...costs.map((one) => board.make("td", { class: "n soft" }, String(one)))]
        : cells;
    }),
  );

board.meanNotes = (methods, choices) => {
  const rules = [...new Set(choices.columns.map((one) => `${one.protocol} (version ${one.version})`))];
  const less = [...new Set(choices.columns.filter((one) => !one.higher).map((one) => one.metric))];
  const partial = methods.some((method) =>
    choices.sets.some((set) =>
      choices.columns.some((column) => board.mean(method.id, set.id, column.id)?.whole === false),
    ),
  );
  const infinite = methods.flatMap((method) =>
    choices.sets.flatMap((set) =>
      choices.columns
        .map((column) => [column, board.mean(method.id, set.id, column.id)?.note])
        .filter(([, note]) => note)
        .map(([column, note]) => `${method.title}, ${column.metric} on ${set.title}: ${note}.`),
    ),
  );
  const notes = [
    `Means over the images of a set; protocol ${rules.join(", ")}.${less.length ? ` Less is better: ${less.join(", ")}.` : ""}`,
    "Bold: best of the rows shown, as printed, all where several are equal; the original left aside.",
    partial &&
      "A mean over some of a set's images says over how many, is never the best and is sorted after whole ones; a " +
        "method that failed on an image has no mean.",
    choices.costs &&
      "s: median seconds per image. MB: peak memory of the process. Neither is known of stored pictures.",
    ...infinite,
    ...methods.filter((method) => method.note).map((method) => `${method.title}: ${method.note}.`),
  ];
  return notes.filter(Boolean).map((note) => board.make("p", { class: "note" }, note));
};
