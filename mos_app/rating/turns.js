// Two images in one place by turns, each at its native pixels: one after the other with grey between, or by flicker.

const GREY = 0.4; // seconds between two images that are shown in turn

// Like placeExactly, but every image has the whole stage.
function placeByTurns(stage, shown) {
  for (const one of shown) {
    const obstacle = placeExactly(stage, [one]);
    if (obstacle) return obstacle;
  }
  return null;
}

class Turns {
  constructor(stage, shown, { layout, turn_seconds }) {
    this.stage = stage;
    this.shown = shown;
    this.seconds = turn_seconds;
    this.grey = layout === "in-turn" ? GREY : 0;
    this.rounds = 0;
    stage.classList.add("turns");
  }

  // Shows the images by turns until `stop`; resolves with the seconds once each was seen, and `least` seconds are over.
  async begin(least) {
    const round = ++this.rounds;
    const start = performance.now();
    for (const index of this.shown.keys()) await this.turn(index, round);
    const rest = least - (performance.now() - start) / 1000;
    this.goOn(round);
    if (rest > 0) await pause(rest * 1000);
    return (performance.now() - start) / 1000;
  }

  async goOn(round) {
    while (round === this.rounds) {
      for (const index of this.shown.keys()) await this.turn(index, round);
    }
  }

  async turn(index, round) {
    if (round !== this.rounds) return;
    this.show(index);
    await this.visible(this.seconds, round);
    if (!this.grey || round !== this.rounds) return;
    this.show(-1);
    await this.visible(this.grey, round);
  }

  // Waits for so many seconds; while the tab is hidden nothing is seen, and the time does not count.
  async visible(seconds, round) {
    do await pause(seconds * 1000);
    while (document.hidden && round === this.rounds);
  }

  show(index) {
    this.shown.forEach(({ image, caption }, place) => {
      for (const node of [image, caption]) if (node) node.classList.toggle("on", place === index);
    });
  }

  stop() {
    this.rounds += 1;
    this.stage.classList.remove("turns");
  }
}

// The sentence over an image that asks for a certain answer.
function trapNote(text) {
  const note = document.createElement("p");
  note.className = "trap";
  note.textContent = text;
  return note;
}
