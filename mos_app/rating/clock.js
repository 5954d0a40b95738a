// Measures how long an image was looked at.

// Counts the seconds during which the image could be seen: a tab in the background does not count.
class Clock {
  constructor() {
    this.stop();
  }

  restart(already) {
    this.counted = already * 1000;
    this.since = performance.now();
  }

  stop() {
    this.counted = 0;
    this.since = null;
    this.paused = false;
  }

  follow(hidden) {
    if (this.since !== null && hidden) {
      this.counted += performance.now() - this.since;
      this.since = null;
      this.paused = true;
    } else if (this.paused && !hidden) {
      this.since = performance.now();
      this.paused = false;
    }
  }

  seconds() {
    const running = this.since === null ? 0 : performance.now() - this.since;
    return (this.counted + running) / 1000;
  }
}
