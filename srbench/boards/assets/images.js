// All images of a set, with a small picture of each, those first where methods differ most if one likes.
"use strict";

board.pages.images = (_path, query) => {
  const place = board.make("div");
  const state = () => {
    const now = board.here().query;
    return {
      set: board.set(now.set) ?? board.data.sets[0],
      column: board.column(now.score) ?? board.commonest().find((one) => one.digits > 2) ?? board.commonest()[0],
      sort: now.sort ?? "",
    };
  };
  const draw = () => {
    const chosen = state();
    board.loadSet(chosen.set.id).then(
      (scores) => place.replaceChildren(board.gallery(chosen, scores)),
      (error) => place.replaceChildren(board.make("p", { class: "warn" }, error.message)),
    );
  };
  const change = (name) => (value) => {
    board.keep({ [name]: value });
    draw();
  };
  draw();
  const { set, column } = state();
  return [
    board.make(
      "div",
      { class: "controls" },
      board.select(
        "Set",
        board.data.sets.map((one) => [one.id, one.title]),
        set.id,
        change("set"),
      ),
      board.select(
        "Order",
        [
          ["", "by name"],
          ["spread", "where methods differ most"],
        ],
        query.sort ?? "",
        change("sort"),
      ),
      board.select(
        "by",
        board.data.columns.map((one) => [one.id, board.columnTitle(one)]),
        column.id,
        change("score"),
      ),
    ),
    place,
  ];
};

// Return the standard deviation of the methods' scores on an image, the original left aside.
board.spread = (values, k) => {
  const finite = Object.entries(values)
    .filter(([id]) => !board.method(id).original)
    .map(([, listed]) => listed[k])
    .filter((value) => value !== null && Number.isFinite(value));
  if (finite.length < 2) return 0;
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  return Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (finite.length - 1));
};

board.gallery = ({ set, column, sort }, scores) => {
  const cards = set.images.map((image, k) => ({
    image,
    small: scores.thumbnails?.[k],
    spread: board.spread(scores.values[column.id] ?? {}, k),
  }));
  if (sort === "spread") cards.sort((a, b) => b.spread - a.spread);
  return board.make(
    "ul",
    { class: "gallery" },
    cards.map(({ image, small, spread }) =>
      board.make(
        "li",
        {},
        board.make(
          "a",
          { href: board.address(["image", set.id, image]) },
          board.make("span", { class: "small" }, small && board.make("img", { src: small, alt: "", loading: "lazy" })),
          board.make("b", {}, image),
        ),
        board.make("span", { class: "soft" }, `spread ${board.number(spread, column.digits)}`),
      ),
    ),
  );
};
