// What the board was made from, and its scores to take away.
"use strict";

board.pages.runs = () =>
  [
    board.make("h2", {}, "Scores to download"),
    board.make(
      "p",
      {},
      "One row for each run, data set, image, method, protocol and metric, in full precision: ",
      ["csv", "parquet", "json"].flatMap((ending, k) => [
        k ? ", " : "",
        board.make(
          "a",
          { href: `downloads/scores.${ending}`, download: `scores.${ending}` },
          ending === "parquet" ? "Parquet" : ending.toUpperCase(),
        ),
      ]),
      ".",
    ),
    board.make("h2", {}, "Sets"),
    board.facts(
      Object.fromEntries(
        board.data.sets.map((set) => [
          set.title,
          `${board.count(set.images.length, "image")} at x${set.scale}${set.lr ? `; LR: ${set.lr}` : ""}`,
        ]),
      ),
    ),
    board.data.runs.map((run) => [
      board.make("h2", {}, `Run ${run.label}`),
      board.facts(Object.fromEntries(Object.entries(run.facts).filter(([, value]) => value))),
      run.commands.length > 0 &&
        board.make("pre", { tabindex: 0, "aria-label": `Commands of ${run.label}` }, run.commands.join("\n")),
    ]),
  ].flat(2);
