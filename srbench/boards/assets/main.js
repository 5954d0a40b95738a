// Shows the page that the address names, and keeps the colours that the reader chose.
"use strict";

board.menu = [
  ["table", "Table"],
  ["plane", "Accuracy and cost"],
  ["images", "Images"],
  ["runs", "Runs and downloads"],
];

board.showPages = () => {
  const { path, query } = board.here();
  const kept = Object.fromEntries(
    ["sets", "scores", "find", "parameters", "seconds"]
      .filter((name) => query[name])
      .map((name) => [name, query[name]]),
  );
  const open = { method: "table", image: "images" }[path[0]] ?? path[0] ?? "table";
  const links = board.menu.map(([name, title]) =>
    board.make(
      "a",
      {
        href: board.address([name], ["table", "plane"].includes(name) ? kept : {}),
        "aria-current": name === open ? "page" : null,
      },
      title,
    ),
  );
  document.getElementById("pages").replaceChildren(...links, board.themeButton());
};

board.show = () => {
  const { path, query } = board.here();
  const [name = "table", ...rest] = path;
  document.title = board.data.title;
  const page = Object.hasOwn(board.pages, name) ? board.pages[name](rest, query) : board.nowhere();
  document.getElementById("main").replaceChildren(...[page].flat(2).filter(Boolean));
  board.showPages();
};

board.remembered = (name, value) => {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
};

board.dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

board.themeButton = () =>
  board.make(
    "button",
    {
      type: "button",
      class: "theme",
      onclick: () => {
        document.documentElement.dataset.theme =
          board.remembered("srbench-board-theme", board.dark() ? "light" : "dark") ?? (board.dark() ? "light" : "dark");
        board.showPages();
        document.querySelector(".theme").focus();
      },
    },
    board.dark() ? "Light" : "Dark",
  );

board.start = () => {
  const theme = board.remembered("srbench-board-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  document.getElementById("footer").textContent =
    `Made by srbench ${board.data.srbench}. Every figure here comes from the scores of the runs; what was left out is named.`;
  addEventListener("hashchange", () => {
    board.show();
    scrollTo(0, 0);
    document.getElementById("main").focus({ preventScroll: true });
  });
  board.show();
};
