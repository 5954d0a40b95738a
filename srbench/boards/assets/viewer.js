// Two pictures of one size over or beside each other: one place and one zoom for both, pixels never smoothed when enlarged.
"use strict";

board.zooms = [1, 2, 3, 4, 6, 8, 12, 16, 24];

// A view of pictures. `view` holds what a link keeps: zoom (null: as large as fits; else screen pixels a pixel of the
// image), x and y of the middle in pixels of the image, side (beside each other), split (per cent); `changed` is called
// after each change.
board.Viewer = class {
  constructor(view, changed) {
    this.view = view;
    this.changed = changed;
    this.size = null;
    this.pointers = new Map();
    const { make } = board;
    this.left = make("img", { alt: "", draggable: "false" });
    this.right = make("img", { alt: "", draggable: "false" });
    this.names = [make("span", { class: "name at-left" }), make("span", { class: "name at-right" })];
    this.line = make("div", { class: "line", "aria-hidden": "true" });
    this.panes = [make("div", { class: "pane" }, this.right), make("div", { class: "pane over" }, this.left)];
    this.stage = make(
      "div",
      {
        class: "stage",
        tabindex: 0,
        role: "application",
        "aria-label": "Pictures. Arrow keys move, plus and minus zoom, 0 fits.",
      },
      this.panes,
      this.line,
      this.names,
    );
    this.range = make("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 0.5,
      class: "split",
      "aria-label": "Where the left picture ends",
      oninput: () => this.set({ split: Number(this.range.value) }),
    });
    this.listen();
    const observer = new ResizeObserver(() =>
      this.stage.isConnected ? requestAnimationFrame(() => this.draw()) : observer.disconnect(),
    );
    observer.observe(this.stage);
  }

  listen() {
    const { stage } = this;
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      const near = !this.view.side && Math.abs(this.inside(event).x - (this.view.split / 100) * stage.clientWidth) < 14;
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, splits: near });
    });
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"])
      stage.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    stage.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.step(event.deltaY < 0 ? 1 : -1, this.inside(event));
      },
      { passive: false },
    );
    stage.addEventListener("keydown", (event) => {
      const step = 40 / this.scale();
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (moves[event.key]) this.pan(...moves[event.key]);
      else if (event.key === "+" || event.key === "=") this.step(1);
      else if (event.key === "-") this.step(-1);
      else if (event.key === "0") this.set({ zoom: null, x: null, y: null });
      else return;
      event.preventDefault();
    });
  }

  // Show two pictures, [{name, address}, {name, address}], of an image of this size.
  show(pictures, size) {
    this.size = size;
    [this.left, this.right].forEach((picture, k) => {
      if (picture.getAttribute("src") !== pictures[k].address) picture.src = pictures[k].address;
      picture.alt = pictures[k].name;
      this.names[k].textContent = pictures[k].name;
    });
    this.draw();
  }

  set(changes) {
    Object.assign(this.view, changes);
    this.draw();
    this.changed();
  }

  // Return how many CSS pixels a pixel of the image takes.
  scale() {
    if (this.view.zoom) return this.view.zoom / devicePixelRatio;
    const { width, height } = this.pane();
    const screen = Math.min(width / this.size[0], height / this.size[1]) * devicePixelRatio;
    return (screen < 1 ? screen : Math.floor(screen)) / devicePixelRatio;
  }

  pane() {
    return { width: this.stage.clientWidth / (this.view.side ? 2 : 1), height: this.stage.clientHeight };
  }

  middle() {
    return { x: this.view.x ?? this.size[0] / 2, y: this.view.y ?? this.size[1] / 2 };
  }

  // Return where a pointer is, in CSS pixels of the pane it is over.
  inside(event) {
    const box = this.stage.getBoundingClientRect();
    const x = event.clientX - box.left;
    const { width } = this.pane();
    return { x: this.view.side ? x % width : x, y: event.clientY - box.top };
  }

  // Zoom by a step, so that what is under the pointer stays there.
  step(direction, at = null) {
    const pane = this.pane();
    const point = at ?? { x: pane.width / 2, y: pane.height / 2 };
    const before = this.scale();
    const now = this.view.zoom ?? before * devicePixelRatio;
    const wider = board.zooms.filter((zoom) => zoom > now + 1e-6);
    const closer = board.zooms.filter((zoom) => zoom < now - 1e-6);
    const zoom = direction > 0 ? (wider[0] ?? board.zooms.at(-1)) : (closer.at(-1) ?? null);
    if (!zoom) {
      this.set({ zoom: null, x: null, y: null });
      return;
    }
    const { x, y } = this.middle();
    const [fixedX, fixedY] = [x + (point.x - pane.width / 2) / before, y + (point.y - pane.height / 2) / before];
    const after = zoom / devicePixelRatio;
    this.set({
      zoom,
      ...this.bounded(fixedX - (point.x - pane.width / 2) / after, fixedY - (point.y - pane.height / 2) / after),
    });
  }

  pan(right, down) {
    const { x, y } = this.middle();
    this.set(this.bounded(x + right, y + down));
  }

  bounded(x, y) {
    const round = (value) => Math.round(value * 10) / 10;
    return { x: round(Math.min(Math.max(x, 0), this.size[0])), y: round(Math.min(Math.max(y, 0), this.size[1])) };
  }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const [right, down] = [event.clientX - pointer.x, event.clientY - pointer.y];
    if (this.pointers.size === 2) {
      this.pinch(event, pointer);
      return;
    }
    Object.assign(pointer, { x: event.clientX, y: event.clientY });
    if (pointer.splits)
      this.set({
        split: Math.min(100, Math.max(0, Math.round((1000 * this.inside(event).x) / this.stage.clientWidth) / 10)),
      });
    else this.pan(-right / this.scale(), -down / this.scale());
  }

  // Two fingers zoom by whole steps: a pixel of the image always takes a whole number of the screen's.
  pinch(event, pointer) {
    const other = [...this.pointers.values()].find((one) => one !== pointer);
    const before = Math.hypot(pointer.x - other.x, pointer.y - other.y);
    const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    if (Math.abs(Math.log2(after / before)) < 0.35) return;
    Object.assign(pointer, { x: event.clientX, y: event.clientY });
    const middle = { clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 };
    this.step(after > before ? 1 : -1, this.inside(middle));
  }

  draw() {
    if (!this.size || !this.stage.clientWidth) return;
    const scale = this.scale();
    const pane = this.pane();
    const { x, y } = this.middle();
    const onPixel = (value) => Math.round(value * devicePixelRatio) / devicePixelRatio;
    for (const picture of [this.left, this.right]) {
      Object.assign(picture.style, {
        width: `${this.size[0] * scale}px`,
        height: `${this.size[1] * scale}px`,
        left: `${onPixel(pane.width / 2 - x * scale)}px`,
        top: `${onPixel(pane.height / 2 - y * scale)}px`,
        imageRendering: scale * devicePixelRatio >= 1 ? "pixelated" : "auto",
      });
    }
    this.stage.classList.toggle("side", this.view.side);
    this.panes[1].style.clipPath = this.view.side ? "" : `inset(0 ${100 - this.view.split}% 0 0)`;
    this.line.style.left = this.view.side ? "50%" : `${this.view.split}%`;
    this.range.hidden = this.view.side;
    this.range.value = this.view.split;
  }
};
