// Shows images so that one image pixel is one pixel of the screen, and says why when that is impossible.

const GAP = 24; // CSS pixels between two images that are shown together
const CAPTION = 24; // CSS pixels above an image that has a caption
const CAPTION_GAP = 4; // of these between the caption and the image
const TOLERANCE = 0.06; // device pixels; Chromium lays out in 1/64 CSS pixel

function snap(position, origin, ratio) {
  return Math.round((origin + position) * ratio) / ratio - origin;
}

// Returns null, or why these images cannot be shown exactly: {reason, ...numbers for the message}.
function placeExactly(stage, shown) {
  const ratio = window.devicePixelRatio;
  const scale = window.visualViewport ? window.visualViewport.scale : 1;
  if (Math.abs(scale - 1) > 0.001) return { reason: "pinched" };
  if (ratio < 0.999) return { reason: "zoomed_out", percent: Math.round(ratio * 100) };

  const frame = stage.getBoundingClientRect();
  const head = shown.some((one) => one.caption) ? CAPTION : 0;
  const widths = shown.map((one) => one.width / ratio);
  const needed = widths.reduce((sum, width) => sum + width, 0) + GAP * (shown.length - 1);
  const tallest = Math.max(...shown.map((one) => one.height / ratio)) + head;
  if (needed > frame.width || tallest > frame.height) {
    return {
      reason: "window",
      width: Math.ceil(needed - frame.width + window.innerWidth),
      height: Math.ceil(tallest - frame.height + window.innerHeight),
      has_width: window.innerWidth,
      has_height: window.innerHeight,
    };
  }

  let left = (frame.width - needed) / 2;
  shown.forEach((one, index) => {
    const height = one.height / ratio;
    const top = snap((frame.height - tallest) / 2 + head + (tallest - head - height) / 2, frame.top, ratio);
    const style = one.image.style;
    style.left = `${snap(left, frame.left, ratio)}px`;
    style.top = `${top}px`;
    style.width = `${widths[index]}px`;
    style.height = `${height}px`;
    if (one.caption) {
      // It may be wider than a small image, and a second line of it grows upward: nothing may cover an image.
      one.caption.style.left = `${left - GAP / 2}px`;
      one.caption.style.bottom = `${frame.height - top + CAPTION_GAP}px`;
      one.caption.style.width = `${widths[index] + GAP}px`;
    }
    left += widths[index] + GAP;
  });
  return shown.every((one) => isExact(one, ratio)) ? null : { reason: "inexact", percent: Math.round(ratio * 100) };
}

// Returns how many pixels of images the stage has room for: the width of all that stand side by side, and the height.
function roomFor(stage, beside, captions) {
  const ratio = window.devicePixelRatio;
  const frame = stage.getBoundingClientRect();
  const head = captions ? CAPTION : 0;
  const pixels = (points) => Math.max(0, Math.floor(points * ratio + 1e-6));
  return { width: pixels(frame.width - GAP * (beside - 1)), height: pixels(frame.height - head) };
}

// `phone` and `tablet` have only fingers to point with; the shorter side of the screen tells them apart.
function deviceClass() {
  if (window.matchMedia("(any-pointer: fine)").matches || !window.matchMedia("(any-pointer: coarse)").matches) return "desktop";
  return Math.min(window.screen.width, window.screen.height) < 600 ? "phone" : "tablet";
}

// Returns null, or what keeps a rater from seeing all images on this device: {reason, ...numbers for the message}.
// `left_out` does not keep anybody: the study goes on without the images that do not fit.
function obstacleTo(conditions, room, device) {
  if (conditions.desktop_only && device !== "desktop") return { reason: "device" };
  const { sizes } = conditions;
  const large = sizes.filter(([width, height]) => width > room.width || height > room.height);
  if (!large.length) return null;
  const ratio = window.devicePixelRatio;
  const short = (needed, has) => Math.max(0, Math.ceil((needed - has) / ratio));
  const values = {
    width: window.innerWidth + short(Math.max(...sizes.map(([width]) => width)), room.width),
    height: window.innerHeight + short(Math.max(...sizes.map(([, height]) => height)), room.height),
    has_width: window.innerWidth,
    has_height: window.innerHeight,
    screen_width: window.screen.width,
    screen_height: window.screen.height,
  };
  if (conditions.may_leave_out && large.length < sizes.length) return { reason: "left_out", ...values };
  const fits = values.width <= window.screen.width && values.height <= window.screen.height;
  return { reason: fits ? "window" : "screen", ...values };
}

// Measures what the browser made of it, so that any transform or rounding on the way is noticed.
function isExact(one, ratio) {
  const box = one.image.getBoundingClientRect();
  const whole = (value) => Math.abs(value * ratio - Math.round(value * ratio)) < TOLERANCE;
  return (
    one.image.naturalWidth === one.width &&
    one.image.naturalHeight === one.height &&
    Math.abs(box.width * ratio - one.width) < TOLERANCE &&
    Math.abs(box.height * ratio - one.height) < TOLERANCE &&
    whole(box.left) &&
    whole(box.top)
  );
}

// Resolves once the frame that holds the image has been handed to the screen.
function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

// Calls back whenever the window, the zoom or the screen under the window changes; returns how to stop.
function onViewChange(callback) {
  const targets = [window, window.visualViewport].filter(Boolean);
  targets.forEach((target) => target.addEventListener("resize", callback));
  let media = null;
  const rearm = () => {
    if (media) media.removeEventListener("change", rearm);
    media = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    media.addEventListener("change", rearm);
    callback();
  };
  rearm();
  return () => {
    targets.forEach((target) => target.removeEventListener("resize", callback));
    media.removeEventListener("change", rearm);
  };
}
