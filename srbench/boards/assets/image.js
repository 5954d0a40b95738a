// The page of one image: any two of its pictures, the same crop of all, and every method's scores on it.
"use strict";

board.cropSide = 96;

board.pages.image = ([id, image], query) => {
  const set = board.set(id);
  const k = set ? set.images.indexOf(image) : -1;
  if (k < 0) return board.nowhere();
  document.title = `${set.title}, ${image} - ${board.data.title}`;
  const place = board.make("div", {}, board.make("p", {}, "Loading."));
  board.loadSet(id).then(
    (scores) => board.fillImage(place, set, k, scores, query),
    (error) => place.replaceChildren(board.make("p", { class: "warn" }, error.message)),
  );
  const steps = [
    ["Previous", k - 1],
    ["Next", k + 1],
  ].map(([text, to]) => {
    if (!(to in set.images)) return board.make("span", { class: "soft" }, text);
    const { left, right, side, zoom } = board.here().query;
    return board.make(
      "a",
      {
        href: board.address(["image", id, set.images[to]], {
          left: left ?? "",
          right: right ?? "",
          side: side ?? "",
          zoom: zoom ?? "",
        }),
        rel: text === "Next" ? "next" : "prev",
      },
      text,
    );
  });
  return [
    board.make("h2", {}, board.make("a", { href: board.address(["images"], { set: id }) }, set.title), `, ${image}`),
    board.make("p", { class: "steps" }, steps[0], ` ${k + 1} of ${set.images.length} `, steps[1]),
    place,
  ];
};

board.fillImage = async (place, set, k, scores, query) => {
  const kept = board.data.methods.filter((method) => scores.pictures[method.id]?.[k]);
  const parts = [board.make("h3", {}, "Scores"), ...board.imageScores(set, k, scores)];
  if (kept.length < 2) {
    const why = board.data.pictures
      ? "Fewer than two pictures of this image were kept."
      : "This board was made without pictures.";
    place.replaceChildren(board.make("p", {}, why), ...parts);
    return;
  }
  const address = (method) => scores.pictures[method.id][k];
  const chosen = board.chosenPair(kept, query, scores, k);
  try {
    const size = await board.sizeOf(address(chosen.right));
    place.replaceChildren(...board.comparison(set, k, kept, chosen, address, size, query), ...parts);
  } catch (error) {
    place.replaceChildren(board.make("p", { class: "warn" }, error.message), ...parts);
  }
};

// Where the address says nothing: the best of this image beside the original, or beside the next best.
board.chosenPair = (kept, query, scores, k) => {
  const column = board.commonest()[0];
  const value = (method) => scores.values[column.id]?.[method.id]?.[k] ?? (column.higher ? -Infinity : Infinity);
  const made = kept.filter((method) => !method.original);
  const ranked = made.sort((a, b) => (column.higher ? value(b) - value(a) : value(a) - value(b)) || 0);
  const find = (id) => kept.find((method) => method.id === id);
  const right = find(query.right) ?? kept.find((method) => method.original) ?? ranked[1];
  return { right, left: find(query.left) ?? ranked.find((method) => method !== right) ?? right };
};

board.sizeOf = (address) =>
  new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => resolve([picture.naturalWidth, picture.naturalHeight]);
    picture.onerror = () => reject(new Error(`Cannot load ${address}.`));
    picture.src = address;
  });

board.comparison = (set, k, kept, chosen, address, size, query) => {
  const { make } = board;
  const number = (text, usual) => (text !== undefined && Number.isFinite(Number(text)) ? Number(text) : usual);
  const view = {
    zoom: board.zooms.includes(Number(query.zoom)) ? Number(query.zoom) : null,
    x: number(query.x, null),
    y: number(query.y, null),
    side: query.side === "yes",
    split: Math.min(100, Math.max(0, number(query.split, 50))),
  };
  const crops = make("div", { class: "crops" });
  const place = make("output", { class: "soft" });
  const changed = () => {
    board.keep({
      zoom: view.zoom ?? "",
      x: view.x ?? "",
      y: view.y ?? "",
      side: view.side ? "yes" : "",
      split: view.split === 50 ? "" : view.split,
    });
    zoom.value = view.zoom ?? "";
    tell();
  };
  const viewer = new board.Viewer(view, changed);
  const tell = () => {
    const { x, y } = viewer.middle();
    place.textContent = `middle at ${Math.round(x)}, ${Math.round(y)} of ${size[0]} \u00d7 ${size[1]} pixels`;
    for (const move of crops.moves ?? []) move();
  };
  const show = () => {
    viewer.show(
      [chosen.left, chosen.right].map((method) => ({ name: method.title, address: address(method) })),
      size,
    );
    saves.replaceChildren(
      ...[chosen.left, chosen.right].map((method) => board.saveLink(method, set, k, address(method))),
    );
    tell();
  };
  const pick = (side) => (id) => {
    chosen[side] = board.method(id);
    board.keep({ [side]: id });
    show();
  };
  const options = kept.map((method) => [method.id, method.title]);
  const zoomNames = [["", "fit"], ...board.zooms.map((one) => [String(one), `${one}\u00d7`])];
  const zoomLabel = board.select("Zoom", zoomNames, String(view.zoom ?? ""), (value) =>
    viewer.set(value ? { zoom: Number(value) } : { zoom: null, x: null, y: null }),
  );
  const zoom = zoomLabel.querySelector("select");
  const saves = make("span", { class: "saves" });
  const beside = make(
    "label",
    { class: "check" },
    make("input", {
      type: "checkbox",
      checked: view.side,
      onchange: (event) => viewer.set({ side: event.target.checked }),
    }),
    "side by side",
  );
  const details = make(
    "details",
    { ontoggle: () => details.open && !crops.moves && board.fillCrops(crops, kept, address, size, viewer) },
    make("summary", {}, `The same ${board.cropSide} \u00d7 ${board.cropSide} pixels of all ${kept.length}`),
    crops,
  );
  requestAnimationFrame(show);
  return [
    make(
      "div",
      { class: "controls" },
      board.select("Left", options, chosen.left.id, pick("left")),
      board.select("Right", options, chosen.right.id, pick("right")),
      zoomLabel,
      beside,
    ),
    viewer.stage,
    viewer.range,
    make(
      "p",
      { class: "note" },
      place,
      ". Drag to move, wheel or two fingers to zoom; pixels are enlarged without smoothing, 1\u00d7 is one pixel of the screen. ",
      saves,
    ),
    details,
  ];
};

board.saveLink = (method, set, k, address) =>
  board.make(
    "a",
    { href: address, download: `${set.id}-${set.images[k]}-${method.id}.png`.replace(/[^\w.-]+/g, "-") },
    `Save ${method.title}`,
  );

// The crops around the viewer's middle, every pixel a whole number of the screen's; pictures load when scrolled to.
board.fillCrops = (crops, kept, address, size, viewer) => {
  const side = Math.min(board.cropSide, ...size);
  const wanted = crops.clientWidth < 600 ? 165 : 200;
  const enlarged = Math.max(1, Math.floor((wanted * devicePixelRatio) / side)) / devicePixelRatio;
  crops.moves = kept.map((method) => {
    const picture = board.make("img", {
      src: address(method),
      alt: `Crop of ${method.title}`,
      loading: "lazy",
      draggable: "false",
    });
    const frame = board.make("div", { class: "crop" }, picture);
    Object.assign(frame.style, { width: `${side * enlarged}px`, height: `${side * enlarged}px` });
    Object.assign(picture.style, { width: `${size[0] * enlarged}px`, height: `${size[1] * enlarged}px` });
    const caption = board.make("figcaption", {}, method.title);
    caption.style.maxWidth = frame.style.width;
    crops.append(board.make("figure", {}, frame, caption));
    return () => {
      const { x, y } = viewer.middle();
      const start = (middle, whole) => Math.min(Math.max(Math.round(middle - side / 2), 0), whole - side);
      picture.style.left = `${-start(x, size[0]) * enlarged}px`;
      picture.style.top = `${-start(y, size[1]) * enlarged}px`;
    };
  });
  for (const move of crops.moves) move();
};

board.imageScores = (set, k, scores) => {
  const columns = board.data.columns.filter((column) =>
    Object.values(scores.values[column.id] ?? {}).some((listed) => listed[k] !== null),
  );
  const value = (method, column) => scores.values[column.id]?.[method.id]?.[k] ?? null;
  const best = new Map(
    columns.map((column) => [
      column,
      board.best(
        board.data.methods.map((method) => ({ id: method.id, value: value(method, column) })),
        column,
      ),
    ]),
  );
  const problem = (method) => scores.problems[method.id]?.[set.images[k]];
  const shown = board.data.methods.filter(
    (method) => problem(method) || columns.some((column) => value(method, column) !== null),
  );
  const absent = board.data.methods.filter((method) => !shown.includes(method)).map((method) => method.title);
  const cell = (method, column) => {
    const text = board.number(value(method, column), column.digits);
    return board.make("td", { class: "n" }, best.get(column).has(method.id) ? board.make("b", {}, text) : text);
  };
  const rows = shown.map((method) =>
    board.make(
      "tr",
      {},
      board.make("th", { scope: "row" }, board.make("a", { href: board.address(["method", method.id]) }, method.title)),
      problem(method)
        ? board.make("td", { colspan: columns.length }, problem(method))
        : columns.map((column) => cell(method, column)),
    ),
  );
  const head = [
    "Method",
    ...columns.map((column) => [column.label, " ", board.make("small", {}, board.columnLabel(column))]),
  ];
  const heads = head.map((text, place) => board.make("th", { scope: "col", class: place ? "n" : null }, text));
  return [
    board.scroll(
      board.make("table", {}, board.make("thead", {}, board.make("tr", {}, heads)), board.make("tbody", {}, rows)),
      `Scores on ${set.images[k]}`,
    ),
    absent.length > 0 && board.make("p", { class: "note" }, `Without a score of this image: ${absent.join(", ")}.`),
  ].filter(Boolean);
};
