// The page of one method: what it is, its means, and its score on every image beside another method's.
"use strict";

board.pages.method = ([id], query) => {
  const method = board.method(id);
  if (!method) return board.nowhere();
  document.title = `${method.title} - ${board.data.title}`;
  return [
    board.make("h2", {}, method.title),
    method.note && board.make("p", {}, `${method.note}.`),
    board.facts({
      parameters: method.parameters === null ? "not stated" : method.parameters.toLocaleString("en"),
      ...method.facts,
    }),
    board.make("h3", {}, "Means"),
    board.methodMeans(method),
    board.make("h3", {}, "Single images"),
    board.methodImages(method, query),
  ];
};

board.nowhere = () =>
  board.make("p", {}, "There is no such page. ", board.make("a", { href: "#/table" }, "To the table"));

board.facts = (facts) =>
  board.make(
    "dl",
    { class: "facts" },
    Object.entries(facts).map(([name, value]) =>
      board.make("div", {}, board.make("dt", {}, name), board.make("dd", {}, String(value))),
    ),
  );

board.methodMeans = (method) => {
  const { sets, columns } = board.data;
  const published = board.data.means.some((mean) => mean.method === method.id && mean.published);
  const head = ["Set", "Score", "Mean", ...(published ? ["paper", "diff"] : []), "Place"];
  const rows = sets.flatMap((set) =>
    columns
      .map((column) => [column, board.mean(method.id, set.id, column.id)])
      .filter(([, mean]) => mean)
      .map(([column, mean]) =>
        board.make(
          "tr",
          {},
          board.make("td", {}, set.title),
          board.make("td", {}, board.columnTitle(column)),
          board.make("td", { class: "n", title: mean.note ?? null }, mean.text),
          published &&
            [mean.published, mean.difference].map((text) => board.make("td", { class: "n soft" }, text ?? "")),
          board.make("td", { class: "n" }, board.standing(mean, column)),
        ),
      ),
  );
  const heads = head.map((text, k) => board.make("th", { scope: "col", class: k > 1 ? "n" : null }, text));
  const table = board.make(
    "table",
    {},
    board.make("thead", {}, board.make("tr", {}, heads)),
    board.make("tbody", {}, rows),
  );
  return [
    board.scroll(table, `Means of ${method.title}`),
    board.make(
      "p",
      { class: "note" },
      "Place: among the means over all images of the set, the original left aside; equal ones share it.",
    ),
  ];
};

// Return the place of a mean as "3 of 8"; a dash where it does not compete.
board.standing = (mean, column) => {
  if (!mean.whole || board.method(mean.method).original) return "\u2013";
  const rivals = board.data.means.filter(
    (one) => one.set === mean.set && one.column === mean.column && one.whole && !board.method(one.method).original,
  );
  const better = rivals.filter((one) => (column.higher ? one.value > mean.value : one.value < mean.value));
  return `${better.length + 1} of ${rivals.length}`;
};

board.methodImages = (method, query) => {
  const sets = board.data.sets.filter((set) =>
    board.data.means.some((mean) => mean.method === method.id && mean.set === set.id),
  );
  const place = board.make("div", { "aria-live": "polite" });
  const state = () => {
    const now = board.here().query;
    const set = sets.find((one) => one.id === now.set) ?? sets[0];
    const scored = board.data.columns.filter((column) => board.mean(method.id, set.id, column.id));
    const rivals = board.data.methods.filter((one) => one !== method && board.mean(one.id, set.id, scored[0].id));
    return {
      set,
      column: scored.find((one) => one.id === now.score) ?? scored[0],
      rivals,
      against:
        rivals.find((one) => one.id === now.against) ?? rivals.filter((one) => !one.original).at(-1) ?? rivals[0],
      sort: now.sort ?? "",
      down: now.order !== "up",
    };
  };
  const draw = (sort) => {
    const chosen = state();
    place.replaceChildren(board.make("p", {}, "Loading."));
    board.loadSet(chosen.set.id).then(
      (scores) => {
        place.replaceChildren(board.methodImageTable(method, chosen, scores, draw));
        if (sort) place.querySelector(`button[data-sort="${CSS.escape(sort)}"]`)?.focus();
      },
      (error) => place.replaceChildren(board.make("p", { class: "warn" }, error.message)),
    );
  };
  const change = (name) => (value) => {
    board.keep({ [name]: value });
    draw();
  };
  draw();
  const { set, column, against, rivals } = state();
  return [
    board.make(
      "div",
      { class: "controls" },
      board.select(
        "Set",
        sets.map((one) => [one.id, one.title]),
        set.id,
        change("set"),
      ),
      board.select(
        "Score",
        board.data.columns.map((one) => [one.id, board.columnTitle(one)]),
        column.id,
        change("score"),
      ),
      rivals.length > 0 &&
        board.select(
          "Beside",
          rivals.map((one) => [one.id, one.title]),
          against.id,
          change("against"),
        ),
    ),
    place,
  ];
};

board.methodImageTable = (method, chosen, scores, draw) => {
  const { set, column, against } = chosen;
  const own = scores.values[column.id]?.[method.id] ?? [];
  const theirs = against ? (scores.values[column.id]?.[against.id] ?? []) : [];
  const problems = scores.problems[method.id] ?? {};
  const rows = set.images.map((image, k) => {
    const [value, other] = [own[k] ?? null, theirs[k] ?? null];
    const both = value !== null && other !== null && Number.isFinite(value) && Number.isFinite(other);
    return { image, value, other, gap: both ? value - other : null, problem: problems[image] };
  });
  if (chosen.sort) {
    const direction = chosen.down ? -1 : 1;
    rows.sort((a, b) => {
      const [one, two] = [a[chosen.sort], b[chosen.sort]];
      if (one === null || two === null) return (one === null) - (two === null);
      return direction * (one < two ? -1 : one > two ? 1 : 0);
    });
  }
  const link = (image) => board.address(["image", set.id, image], { left: method.id, right: against?.id ?? "" });
  const head = board.make(
    "tr",
    {},
    board.sorter("Image", "image", chosen, draw, "up"),
    board.sorter(method.title, "value", chosen, draw, "down", { class: "n" }),
    against && board.sorter(against.title, "other", chosen, draw, "down", { class: "n" }),
    against && board.sorter("Difference", "gap", chosen, draw, "down", { class: "n" }),
  );
  const cells = (row) => [
    board.make("td", {}, board.make("a", { href: link(row.image) }, row.image)),
    board.make("td", { class: "n" }, row.problem ?? board.number(row.value, column.digits)),
    against && board.make("td", { class: "n" }, board.number(row.other, column.digits)),
    against && board.make("td", { class: "n" }, board.number(row.gap, column.digits, true)),
  ];
  const body = rows.map((row) => board.make("tr", {}, cells(row)));
  return board.scroll(
    board.make("table", {}, board.make("thead", {}, head), board.make("tbody", {}, body)),
    `${method.title} on the images of ${set.title}`,
  );
};
