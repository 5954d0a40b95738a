// What is chosen and filtered: sets, scores and methods, kept in the address, for the table and the plane.
"use strict";

board.choices = (query) => {
  const { sets, columns } = board.data;
  const among = (text, all, usual) => {
    const known = all.filter((one) => board.list(text).includes(one.id));
    return known.length ? known : usual;
  };
  const first = board.commonest();
  return {
    sets: among(query.sets, sets, sets.slice(0, 4)),
    columns: among(query.scores, columns, first.slice(0, 2)),
    costs: query.costs !== "no",
    published: query.published === "yes",
    find: query.find ?? "",
    parameters: Number(query.parameters) || null,
    seconds: Number(query.seconds) || null,
    sort: query.sort ?? "",
    down: query.order !== "up",
  };
};

// Return the scores under the protocol that most methods have: what a board opens with.
board.commonest = () => {
  const { columns, means } = board.data;
  const rule = (column) => board.key(column.protocol, column.version);
  const counts = new Map(columns.map((column) => [rule(column), 0]));
  for (const mean of means) {
    const key = rule(board.column(mean.column));
    if (mean.whole) counts.set(key, counts.get(key) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1])[0];
  return columns.filter((column) => rule(column) === most);
};

// Return the methods that pass the filters. A method that states no cost passes no bound on it.
board.passing = (choices) => {
  const words = choices.find.toLowerCase().split(/\s+/).filter(Boolean);
  const seconds = (id) => choices.sets.map((set) => board.cost(id, set.id)?.seconds).filter((one) => one !== undefined);
  return board.data.methods.filter((method) => {
    const text = `${method.title} ${method.id} ${method.note}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
    if (choices.parameters && !(method.parameters !== null && method.parameters <= choices.parameters * 1e6))
      return false;
    const taken = seconds(method.id);
    return !choices.seconds || (taken.length > 0 && Math.max(...taken) <= choices.seconds);
  });
};

board.chips = (legend, all, chosen, change, label) =>
  board.make(
    "fieldset",
    { class: "chips" },
    board.make("legend", {}, legend),
    all.map((one) =>
      board.make(
        "label",
        {},
        board.make("input", { type: "checkbox", value: one.id, checked: chosen.includes(one), onchange: change }),
        board.make("span", {}, label(one)),
      ),
    ),
  );

board.columnLabel = (column) => {
  const versions = board.data.columns.filter((one) => one.protocol === column.protocol && one.metric === column.metric);
  return `${column.protocol}${versions.length > 1 ? ` ${column.version}` : ""}`;
};

board.columnTitle = (column) => `${column.metric}, ${board.columnLabel(column)}`;

// Return the chips of sets and scores, and the fields of the filters; `refresh` is called when one changes.
board.filters = (query, refresh, parts) => {
  const choices = board.choices(query);
  const ticked = (name) => (event) => {
    const boxes = [...event.target.closest("fieldset").querySelectorAll("input")];
    if (!boxes.some((box) => box.checked)) event.target.checked = true; // a table has a column
    board.keep({ [name]: board.listed(boxes.filter((box) => box.checked).map((box) => box.value)) });
    refresh();
  };
  const field = (name, label, attributes) =>
    board.make(
      "label",
      {},
      label,
      board.make("input", {
        ...attributes,
        value: query[name] ?? "",
        oninput: (event) => {
          board.keep({ [name]: event.target.value });
          refresh();
        },
      }),
    );
  const shown = (name, label, value, on, off) =>
    board.make(
      "label",
      { class: "check" },
      board.make("input", {
        type: "checkbox",
        checked: value,
        onchange: (event) => {
          board.keep({ [name]: event.target.checked ? on : off });
          refresh();
        },
      }),
      label,
    );
  const several = board.data.columns.length > 1;
  return board.make(
    "form",
    { class: "filters", onsubmit: (event) => event.preventDefault() },
    parts.includes("sets") && board.chips("Sets", board.data.sets, choices.sets, ticked("sets"), (set) => set.title),
    parts.includes("scores") &&
      several &&
      board.chips("Scores", board.data.columns, choices.columns, ticked("scores"), board.columnTitle),
    board.make(
      "div",
      { class: "fields" },
      field("find", "Methods ", { type: "search", placeholder: "name", size: 12 }),
      field("parameters", "Parameters at most ", {
        type: "number",
        min: 0,
        step: "any",
        placeholder: "M",
        class: "short",
      }),
      field("seconds", "Seconds at most ", { type: "number", min: 0, step: "any", placeholder: "s", class: "short" }),
      parts.includes("shown") && shown("costs", "cost", choices.costs, "", "no"),
      parts.includes("shown") &&
        board.data.means.some((mean) => mean.published) &&
        shown("published", "published figures", choices.published, "yes", ""),
    ),
  );
};
