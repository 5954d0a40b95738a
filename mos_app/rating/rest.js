// Shows during a break how much of it has passed, so that a rater need not look at a clock.

const REST_STEP = 5000; // milliseconds

class Rest {
  constructor(line, say) {
    this.line = line;
    this.say = say;
    this.since = null;
  }

  // Begins, goes on, or ends with 0 minutes.
  show(minutes) {
    this.line.hidden = !minutes;
    if (!minutes) {
      clearInterval(this.timer);
      this.since = null;
      return;
    }
    if (this.since === null) {
      this.since = Date.now();
      this.timer = setInterval(() => this.draw(minutes), REST_STEP);
    }
    this.draw(minutes);
  }

  draw(minutes) {
    const rested = Math.min(minutes, (Date.now() - this.since) / 60000);
    const text = this.say("break_rested", { rested: Math.floor(rested), break_minutes: minutes });
    this.line.querySelector(".rest-text").textContent = text;
    this.line.querySelector(".rest-bar").style.width = `${(100 * rested) / minutes}%`;
  }
}
