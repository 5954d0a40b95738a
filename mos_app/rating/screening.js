// The tests before the first image: Landolt rings, plates of coloured dots, and steps near black and white.

const ARROWS = ["→", "↗", "↑", "↖", "←", "↙", "↓", "↘"]; // directions from 0, counter-clockwise
const KEYPAD = [6, 9, 8, 7, 4, 1, 2, 3]; // the key of the number pad that lies in each direction
const GRID = [3, 2, 1, 4, null, 0, 5, 6, 7]; // the directions as they lie around the ring
const NO_DIGIT = 10;
const NO_SQUARE = 4;
const FIRST_CARD = 323; // CSS pixels: a bank card where an inch has 96 of them
const RING_MARGIN = 2; // gaps of white around a ring
const FIELD = 260; // CSS pixels: the field that a faint square lies on
const RING_FIELD = 160; // CSS pixels of white that it lies on, at least

// One attempt at a test: draws itself into a form, collects the answers, and calls `onDone(answers, measured)`.
class ScreeningTest {
  constructor(state, { say, onDone }) {
    this.facts = state.screening;
    this.say = say;
    this.onDone = onDone;
    this.answers = [];
    this.card = this.facts.test === "acuity" ? FIRST_CARD : null; // its width, until the rater has fitted it
    this.fitted = this.facts.test !== "acuity";
    this.view = null; // zoom, pinch and screen at which the card was fitted
    this.moved = false; // they have changed since
    this.box = Object.assign(document.createElement("div"), { className: "test" });
  }

  get isDone() {
    return this.answers.length === this.facts.asked;
  }

  draw() {
    const nodes = this.fitted ? this[this.facts.test]() : this.fitting();
    const again = this.facts.attempt > 1 ? [line(this.say("test_again"))] : [];
    if (this.moved && !this.fitted) again.push(warning(this.say("test_card_again")));
    this.box.replaceChildren(...again, ...nodes);
    return this.box;
  }

  // A zoom, a pinch or another screen: the frame is no longer as wide as the card, and rings would have another size.
  // Answers to rings that were seen before stay.
  onView() {
    if (this.facts.test !== "acuity" || !this.fitted || this.isDone || isSameView(this.view, currentView())) return;
    this.fitted = false;
    this.moved = true;
    this.draw();
    this.box.querySelector("input").focus();
  }

  answer(value) {
    if (!this.fitted || this.isDone) return;
    this.answers.push(value);
    if (this.isDone) this.onDone(this.answers, this.measured());
    else this.draw();
    if (!this.isDone) this.box.querySelector(".answers button").focus();
  }

  // Returns whether a key was an answer.
  onKey(key) {
    if (!this.fitted || !/^[0-9]$/.test(key)) return false;
    const number = Number(key);
    const { test } = this.facts;
    const value =
      test === "acuity" ? KEYPAD.indexOf(number) : test === "colour" ? number : number === 0 ? NO_SQUARE : number - 1;
    if (value < 0 || (test === "contrast" && value > NO_SQUARE)) return false;
    this.answer(value);
    return true;
  }

  measured() {
    if (this.facts.test !== "acuity") return {};
    return { card_pixels: this.card * window.devicePixelRatio, distance_cm: this.distance() };
  }

  progress() {
    const values = { position: this.answers.length + 1, total: this.facts.asked };
    return line(this.say("test_progress", values));
  }

  // ---- a bank card tells how large a pixel is ----------------------------------------------------------------

  fitting() {
    const outline = Object.assign(document.createElement("div"), { className: "bank-card" });
    const range = document.createElement("input");
    Object.assign(range, { type: "range", min: 150, max: 900, step: 1, value: this.card });
    range.setAttribute("aria-label", this.say("test_card_range"));
    const fit = () => {
      this.card = Number(range.value);
      outline.style.width = `${this.card}px`;
      outline.style.height = `${(this.card * 53.98) / 85.6}px`;
    };
    range.addEventListener("input", fit);
    fit();
    const done = makeButton(this.say("test_card_done"), () => {
      this.fitted = true;
      this.view = currentView();
      this.draw();
      this.box.querySelector(".answers button").focus();
    });
    return [line(this.say("test_card")), outline, range, done];
  }

  // ---- Landolt rings ---------------------------------------------------------------------------------------

  // Centimetres: those of the study, or more where the gap would have less than a pixel of this screen.
  distance() {
    const per = this.gap(1);
    return Math.max(this.facts.distance_cm, 10 * Math.ceil(1 / per / 10 - 1e-9));
  }

  // Pixels of the screen that a gap has which is just seen from a distance in centimetres.
  gap(distance) {
    const minutes = 1 / this.facts.acuity;
    const millimetres = 10 * distance * Math.tan((minutes / 60) * (Math.PI / 180));
    return (millimetres * this.card * window.devicePixelRatio) / this.facts.card_mm;
  }

  acuity() {
    const direction = this.facts.directions[this.answers.length];
    const gap = this.gap(this.distance());
    const field = Math.round(RING_FIELD * window.devicePixelRatio);
    const canvas = pixelCanvas(Math.max(field, Math.ceil(gap * (5 + 2 * RING_MARGIN))), this.say("test_acuity_image"));
    drawRing(canvas.getContext("2d"), canvas.width, gap, direction);
    const answers = answerBox("directions");
    for (const place of GRID) {
      if (place === null) answers.append(document.createElement("span"));
      else answers.append(answerButton(ARROWS[place], this.say(`direction_${place}`), () => this.answer(place)));
    }
    const from = line(this.say("test_acuity_distance", { distance: Math.round(this.distance()) }));
    return [from, canvas, line(this.say("test_acuity_question")), answers, this.progress()];
  }

  // ---- plates of coloured dots -----------------------------------------------------------------------------

  colour() {
    const plate = document.createElement("img");
    plate.alt = this.say("test_colour_image");
    plate.src = `${HOME}plate/${this.answers.length}?${this.facts.attempt}`;
    const answers = answerBox("digits");
    for (let digit = 0; digit <= 9; digit += 1) {
      answers.append(answerButton(String(digit), String(digit), () => this.answer(digit)));
    }
    const none = this.say("test_colour_none");
    answers.append(answerButton(none, none, () => this.answer(NO_DIGIT)));
    return [plate, line(this.say("test_colour_question")), answers, this.progress()];
  }

  // ---- steps near black and white ----------------------------------------------------------------------------

  contrast() {
    const place = this.answers.length;
    const level = this.facts.levels[place];
    const canvas = pixelCanvas(Math.round(FIELD * window.devicePixelRatio), this.say("test_contrast_image"));
    drawSquare(canvas.getContext("2d"), canvas.width, level, this.facts.corners[place]);
    const answers = answerBox("corners");
    for (let corner = 0; corner < NO_SQUARE; corner += 1) {
      const name = this.say(`corner_${corner}`);
      answers.append(answerButton(`${corner + 1} ${name}`, name, () => this.answer(corner)));
    }
    const none = this.say("test_contrast_none");
    answers.append(answerButton(`0 ${none}`, none, () => this.answer(NO_SQUARE)));
    return [canvas, line(this.say("test_contrast_question")), answers, this.progress()];
  }
}

function drawRing(pen, size, gap, direction) {
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, size, size);
  pen.translate(size / 2, size / 2);
  pen.rotate((-direction * Math.PI) / 4);
  pen.fillStyle = "#000000";
  pen.beginPath();
  pen.arc(0, 0, 2.5 * gap, 0, 2 * Math.PI);
  pen.arc(0, 0, 1.5 * gap, 0, 2 * Math.PI, true);
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, -gap / 2, 2.6 * gap, gap);
}

function drawSquare(pen, size, level, corner) {
  const ground = level < 128 ? 0 : 255;
  pen.fillStyle = `rgb(${ground}, ${ground}, ${ground})`;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = `rgb(${level}, ${level}, ${level})`;
  const side = Math.round(size / 5);
  const at = (far) => Math.round((far ? 0.75 : 0.25) * size - side / 2);
  pen.fillRect(at(corner % 2), at(corner > 1), side, side);
}

// A canvas whose pixels are those of the screen.
function pixelCanvas(size, name) {
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  canvas.style.width = `${size / window.devicePixelRatio}px`;
  canvas.style.height = canvas.style.width;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  return canvas;
}

// What decides how large a CSS pixel is: the ratio of the screen and of the browser's zoom, and a pinch.
const currentView = () => [window.devicePixelRatio, window.visualViewport ? window.visualViewport.scale : 1];

const isSameView = (one, other) => one.every((value, place) => Math.abs(value - other[place]) < 0.001);

const warning = (text) => Object.assign(line(text), { role: "alert", className: "again" });

const line = (text) => Object.assign(document.createElement("p"), { textContent: text });

const answerBox = (kind) => Object.assign(document.createElement("div"), { className: `answers ${kind}` });

function answerButton(text, name, onClick) {
  const button = makeButton(text, onClick);
  button.setAttribute("aria-label", name);
  return button;
}
