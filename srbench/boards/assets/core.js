// The board's state, how elements are made and numbers printed: what all its pages share.
"use strict";

const board = {
  data: null, // what data/board.js brought
  sets: new Map(), // scores and pictures of each set's images, once somebody looked at them
  pages: {}, // name -> function (path, query) that returns the content of <main>
  waiting: new Map(),
};

board.receive = (data) => {
  board.data = data;
  board.means = new Map(data.means.map((mean) => [board.key(mean.method, mean.set, mean.column), mean]));
  board.costs = new Map(data.costs.map((cost) => [board.key(cost.method, cost.set), cost]));
  board.start();
};

board.receiveSet = (id, scores) => {
  board.sets.set(id, scores);
  board.waiting.get(id)?.resolve(scores);
};

// A page on a disk may load a script, but not fetch a file: each set's scores come as a script.
board.loadSet = (id) => {
  if (!board.waiting.has(id)) {
    const wait = {};
    wait.promise = new Promise((resolve, reject) => Object.assign(wait, { resolve, reject }));
    board.waiting.set(id, wait);
    const script = document.createElement("script");
    script.src = board.set(id).scores;
    script.onerror = () => {
      board.waiting.delete(id);
      wait.reject(new Error(`Cannot load ${script.src}.`));
    };
    document.head.append(script);
  }
  return board.waiting.get(id).promise;
};

board.key = (...parts) => JSON.stringify(parts);
board.set = (id) => board.data.sets.find((set) => set.id === id);
board.method = (id) => board.data.methods.find((method) => method.id === id);
board.column = (id) => board.data.columns.find((column) => column.id === id);
board.mean = (method, set, column) => board.means.get(board.key(method, set, column));
board.cost = (method, set) => board.costs.get(board.key(method, set));

// Return an element; attributes that begin with `on` are listeners, null and false are left out.
board.make = (tag, attributes = {}, ...children) => {
  const space = ["svg", "g", "line", "path", "circle", "text", "title"].includes(tag) || attributes.svg;
  const element = space ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false || name === "svg") continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

// Return a number as the tables of srbench print it.
board.number = (value, digits, sign = false) => {
  if (value === null || value === undefined) return "\u2013";
  if (!Number.isFinite(value)) return `${value < 0 ? "\u2212" : ""}\u221e`;
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? "\u2212" : sign ? "+" : "") + text;
};

board.count = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;

board.parameters = (number) => {
  if (number === null || number === undefined) return "\u2013";
  if (number >= 1e6) return `${(number / 1e6).toFixed(number >= 1e7 ? 1 : 2)} M`;
  return number >= 1e3 ? `${(number / 1e3).toFixed(number >= 1e5 ? 0 : 1)} k` : String(number);
};

board.seconds = (number) => {
  if (number === null || number === undefined) return "\u2013";
  return number >= 100 ? number.toFixed(0) : String(Number(number.toPrecision(2)));
};

// Return which of [{id, value}] are the best as printed, all of them where several are equal. The original does not
// compete, and one alone is no winner: the rule of srbench's own tables.
board.best = (rivals, column) => {
  const running = rivals.filter(
    (one) => one.value !== null && one.value !== undefined && !board.method(one.id).original,
  );
  if (running.length < 2) return new Set();
  const values = running.map((one) => one.value);
  const best = column.higher ? Math.max(...values) : Math.min(...values);
  return new Set(running.filter((one) => one.value === best).map((one) => one.id));
};

// Addresses: #/PAGE/PART/...?name=value, so that a copied link shows the same view.
board.address = (path, query = {}) => {
  const search = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== null && value !== ""),
  ).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
};

board.here = () => {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  let parts = [];
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    parts = ["nowhere"]; // a damaged link
  }
  return { path: parts, query: Object.fromEntries(new URLSearchParams(search)) };
};

// Change the address to what is shown now, without a new entry in the browser's history.
board.keep = (changes) => {
  const { path, query } = board.here();
  history.replaceState(null, "", board.address(path.length ? path : ["table"], { ...query, ...changes }));
  board.showPages();
};

board.list = (text) => (text ? text.split(",").map(decodeURIComponent) : []);
board.listed = (ids) => ids.map(encodeURIComponent).join(",");
